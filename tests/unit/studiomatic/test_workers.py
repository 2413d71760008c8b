"""Progress names who works, when several do."""

from __future__ import annotations

import pytest
from rich.console import Console

from shared.contracts.attempts import ErrorInfo
from shared.contracts.envelope import enclose
from shared.contracts.jobs import (
    JobFact,
    Stage,
    StageProgress,
    TaskFailed,
    TaskRetried,
    TaskStarted,
    TaskSucceeded,
)
from studiomatic.cli import progress
from studiomatic.cli.progress import JobDisplay, StageLines
from studiomatic.cli.workers import Workers
from studiomatic.client import JobEvent

FIRST, SECOND, CONTENT = "renderer@host:1", "renderer@host:2", "content@host:1"
STAGES = (StageProgress(stage=Stage.RENDER, done=0, total=3),)
ERROR = ErrorInfo(code="x", message="it broke")


def started(task: str, worker: str, slide: int = 1) -> TaskStarted:
    return TaskStarted(
        job_id="j", project_id="p", task_id=task, stage=Stage.RENDER, slide_number=slide, attempt=1, worker=worker
    )


def succeeded(task: str) -> TaskSucceeded:
    return TaskSucceeded(
        job_id="j", project_id="p", task_id=task, stage=Stage.RENDER, slide_number=1, attempt=1, duration_ms=1
    )


def event(fact: JobFact) -> JobEvent:
    return JobEvent(sequence=1, fact=fact, envelope=enclose(fact, source="/x", job_id="j", sequence=1))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A wide terminal that remembers what it showed."""
    console = Console(record=True, width=100, force_terminal=True, color_system=None)
    monkeypatch.setattr(progress, "console", console)
    return console


def test_a_finished_task_counts_for_the_worker_that_did_it() -> None:
    workers = Workers()
    for fact in (started("a", FIRST), started("b", SECOND), succeeded("a")):
        workers.take(fact)
    assert [(name, workers.finished(name)) for name in workers.names] == [(FIRST, 1), (SECOND, 0)]
    assert [task.task_id for task in workers.running()] == ["b"]
    assert workers.running(FIRST) == []


@pytest.mark.parametrize(
    "fact",
    [
        TaskRetried(
            job_id="j",
            project_id="p",
            task_id="a",
            stage=Stage.RENDER,
            attempt=1,
            error=ERROR,
            retry_at="2030-01-01T00:00:00Z",
        ),
        TaskFailed(job_id="j", project_id="p", task_id="a", stage=Stage.RENDER, attempt=1, error=ERROR),
    ],
)
def test_a_task_that_is_lost_or_failed_counts_for_nobody(fact: TaskRetried | TaskFailed) -> None:
    workers = Workers()
    workers.take(started("a", FIRST))
    assert workers.take(fact) == FIRST
    assert workers.finished(FIRST) == 0
    assert workers.running() == []


def test_a_task_that_was_made_before_has_no_worker() -> None:
    assert Workers().take(succeeded("reused")) is None


def test_services_of_one_process_are_not_several_workers() -> None:
    workers = Workers()
    workers.take(started("a", FIRST))
    workers.take(started("b", CONTENT))
    assert not workers.several
    workers.take(started("c", SECOND))
    assert workers.several


def test_the_live_picture_has_a_row_for_each_worker(shown: Console) -> None:
    display = JobDisplay(STAGES)
    for fact in (started("a", FIRST), started("b", SECOND, slide=2), succeeded("a")):
        display.take(event(fact))
    shown.print(display)
    lines = shown.export_text().splitlines()
    assert any(FIRST in line and "1 done" in line for line in lines)
    assert any(SECOND in line and "0 done" in line and "render of slide 2" in line for line in lines)


def test_the_live_picture_of_one_process_names_no_worker(shown: Console) -> None:
    display = JobDisplay(STAGES)
    for fact in (started("a", FIRST, slide=3), started("b", CONTENT)):
        display.take(event(fact))
    shown.print(display)
    text = shown.export_text()
    assert "render of slide 3" in text
    assert FIRST not in text


def test_lines_name_the_worker_once_there_are_several(shown: Console) -> None:
    lines = StageLines(STAGES)
    for fact in (started("a", FIRST), succeeded("a"), started("b", SECOND), succeeded("b")):
        lines.take(event(fact))
    assert shown.export_text().splitlines() == ["render 1/3", f"render 2/3 ({SECOND})"]
