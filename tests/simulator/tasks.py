"""Tasks that are made now and asked for later."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task that was given out: its id, the id of its file, what was asked, and for whom."""

    provider: str
    id: str
    file: str
    request: dict[str, Any]


class Tasks:
    """The tasks of a run. An id that was never given out is not found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: list[Task] = []

    def add(self, provider: str, task_id: str, *, file: str = "", request: dict[str, Any]) -> None:
        with self._lock:
            self._tasks.append(Task(provider=provider, id=task_id, file=file, request=request))

    def find(self, provider: str, task_id: str) -> Task | None:
        return self._first(lambda task: (task.provider, task.id) == (provider, task_id))

    def of_file(self, provider: str, file: str) -> Task | None:
        return self._first(lambda task: (task.provider, task.file) == (provider, file))

    def clear(self) -> None:
        with self._lock:
            self._tasks.clear()

    def _first(self, condition: Any) -> Task | None:
        with self._lock:
            return next((task for task in self._tasks if condition(task)), None)
