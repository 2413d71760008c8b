"""Who works on a job: what each worker does now, and how much it has finished."""

from __future__ import annotations

from collections import Counter

from shared.contracts.jobs import TaskFact, TaskFailed, TaskRetried, TaskStarted, TaskSucceeded


class Workers:
    """The workers that a job's facts name."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._running: dict[str, tuple[str, TaskStarted]] = {}
        self._finished: Counter[str] = Counter()

    @property
    def several(self) -> bool:
        """Whether more than one process works on the job; names are ``service@host:process``."""
        return len({name.rpartition("@")[2] for name in self._names}) > 1

    @property
    def names(self) -> list[str]:
        """In the order in which they first took part."""
        return list(self._names)

    def take(self, fact: TaskFact) -> str | None:
        """Take in a fact; returns who it is about, as far as that is known."""
        if isinstance(fact, TaskStarted):
            self._names.setdefault(fact.worker)
            self._running[fact.task_id] = (fact.worker, fact)
            return fact.worker
        if not isinstance(fact, TaskSucceeded | TaskRetried | TaskFailed):
            return None
        worker, _started = self._running.pop(fact.task_id, (None, None))
        if worker is not None and isinstance(fact, TaskSucceeded):
            self._finished[worker] += 1
        return worker

    def running(self, worker: str | None = None) -> list[TaskStarted]:
        """What is being worked on now, by one worker or by all."""
        return [started for name, started in self._running.values() if worker in (None, name)]

    def finished(self, worker: str) -> int:
        """How many tasks a worker has finished."""
        return self._finished[worker]
