"""Shows a job live: one bar for each stage, and what is being worked on right now."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from shared.contracts.jobs import (
    JobProgressed,
    Stage,
    StageProgress,
    TaskFact,
    TaskRetried,
    TaskSucceeded,
)
from studiomatic.cli.session import console
from studiomatic.cli.workers import Workers
from studiomatic.client import JobEvent

NAMES: dict[Stage, str] = {
    Stage.SCRIPT: "Script",
    Stage.IMAGES: "Images",
    Stage.VOICE: "Voice",
    Stage.MUSIC: "Music",
    Stage.RENDER: "Render",
    Stage.AUDIO: "Sound mix",
    Stage.ASSEMBLY: "Assembly",
}

_PLACES = 3
"""Most places named at once."""


def place_of(stage: Stage, slide_number: int | None) -> str:
    """A stage, and the slide if there is one, in words."""
    return NAMES[stage].lower() + (f" of slide {slide_number}" if slide_number else "")


class JobDisplay:
    """A live picture of one job, made only of its facts."""

    def __init__(self, stages: Iterable[StageProgress]) -> None:
        self._totals = {stage.stage: stage.total for stage in stages}
        self._done: dict[Stage, set[str]] = {}
        self._reused: dict[Stage, int] = {}
        self._workers = Workers()
        self._ended = False
        self._notes: list[str] = []
        self._began = time.monotonic()
        self._live = Live(self, console=console, refresh_per_second=8, transient=False)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._live.__exit__(kind, error, trace)

    def take(self, event: JobEvent) -> None:
        """Take in one fact."""
        fact = event.fact
        if isinstance(fact, TaskFact):
            self._workers.take(fact)
        if isinstance(fact, TaskSucceeded):
            self._done.setdefault(fact.stage, set()).add(fact.task_id)
            self._reused[fact.stage] = self._reused.get(fact.stage, 0) + fact.reused
        elif isinstance(fact, TaskRetried):
            self._notes.append(f"{place_of(fact.stage, fact.slide_number)}: {fact.error.message}; tried again")
        elif isinstance(fact, JobProgressed):
            self._totals |= {stage.stage: stage.total for stage in fact.stages}

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for stage in Stage:
            done = len(self._done.get(stage, ()))
            total = max(self._totals.get(stage, 0), done)
            if total:
                table.add_row(*self._row(stage, done, total))
        notes = [Text(f"  ! {note}", style="yellow") for note in self._notes[-3:]]
        return Group(table, *notes, *self._worker_rows(), self._footer())

    def _row(self, stage: Stage, done: int, total: int) -> list[RenderableType]:
        finished = done == total
        reused = self._reused.get(stage, 0)
        return [
            Text("✓" if finished else "·", style="green" if finished else "dim"),
            Text(NAMES[stage], style="bold" if not finished else ""),
            ProgressBar(total=total, completed=done, width=28),
            Text(f"{done}/{total}"),
            Text(f"{reused} from cache" if reused else "", style="dim"),
        ]

    def _worker_rows(self) -> list[RenderableType]:
        """One row for each worker, if there are several."""
        if not self._workers.several:
            return []
        table = Table.grid(padding=(0, 2))
        for name in self._workers.names:
            finished = self._workers.finished(name)
            table.add_row(Text(f"  {name}"), Text(f"{finished} done", style="dim"), Text(self._now(name)))
        return [table]

    def _now(self, worker: str | None = None) -> str:
        """What is being worked on, in a few words."""
        if self._ended:
            return ""
        places = {place_of(task.stage, task.slide_number) for task in self._workers.running(worker)}
        return ", ".join(sorted(places)[:_PLACES])

    def _footer(self) -> Text:
        elapsed = time.monotonic() - self._began
        now = "" if self._workers.several else self._now()
        return Text(f"  {elapsed:5.1f} s  {now}", style="dim")


class StageLines:
    """One line for each finished task, where the output is no terminal."""

    def __init__(self, stages: Iterable[StageProgress]) -> None:
        self._totals = {stage.stage: stage.total for stage in stages}
        self._done: dict[Stage, int] = {}
        self._workers = Workers()

    def take(self, event: JobEvent) -> None:
        """Take in one fact."""
        fact = event.fact
        worker = self._workers.take(fact) if isinstance(fact, TaskFact) else None
        by = f" ({worker})" if worker is not None and self._workers.several else ""
        if isinstance(fact, JobProgressed):
            self._totals |= {stage.stage: stage.total for stage in fact.stages}
        elif isinstance(fact, TaskSucceeded):
            done = self._done[fact.stage] = self._done.get(fact.stage, 0) + 1
            total = max(done, self._totals.get(fact.stage, 0))
            console.print(f"{NAMES[fact.stage].lower()} {done}/{total}{by}", soft_wrap=True)
        elif isinstance(fact, TaskRetried):
            place = place_of(fact.stage, fact.slide_number)
            console.print(f"{place}{by}: {fact.error.message}; tried again", soft_wrap=True)
