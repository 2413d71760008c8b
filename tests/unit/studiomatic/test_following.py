"""Ctrl-C cancels a job from the first moment it exists."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
import typer

from shared.contracts.jobs import JobState
from studiomatic.cli.following import follow_or_cancel


class Terminal:
    """A session of the command line in which only the cancelling counts."""

    def __init__(self) -> None:
        self.client = self
        self.cancelled: list[str] = []

    def cancel(self, job_id: str) -> JobState:
        self.cancelled.append(job_id)
        return JobState.CANCELLING

    def emit(self, _kind: str, **_values: Any) -> None: ...
    def say(self, _text: str) -> None: ...

    def ensure_served(self) -> None:
        raise AssertionError("a cancelled job is not served")


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_while_a_job_is_submitted_cancels_that_job() -> None:
    terminal = Terminal()

    def start() -> str:
        interrupt()
        return "job-1"

    with pytest.raises(typer.Exit) as left:
        follow_or_cancel(terminal, start)

    assert left.value.exit_code == 130
    assert terminal.cancelled == ["job-1"]


def test_a_second_ctrl_c_does_not_wait_for_a_submit_that_hangs() -> None:
    terminal = Terminal()

    def start() -> str:
        interrupt()
        interrupt()
        raise AssertionError("the second one ends it")

    with pytest.raises(KeyboardInterrupt):
        follow_or_cancel(terminal, start)

    assert terminal.cancelled == []


def test_afterwards_ctrl_c_is_what_it_was_before() -> None:
    before = signal.getsignal(signal.SIGINT)

    with pytest.raises(typer.Exit):
        follow_or_cancel(Terminal(), lambda: (interrupt(), "job-1")[1])

    assert signal.getsignal(signal.SIGINT) is before
