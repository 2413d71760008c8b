"""Follow a job to its end, for people and for machines, and say how it ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.markup import escape

from shared.contracts.jobs import JobState, JobView
from shared.errors import InfrastructureError, StudiomaticError
from studiomatic.cli.progress import JobDisplay, StageLines, place_of
from studiomatic.cli.session import EXIT_CANCELLED, EXIT_FAILED, Session, console, error_console
from studiomatic.client import JobEvent, NothingServesError


class NotCancelledError(StudiomaticError):
    """A job could not be told to stop."""

    code = "client.not_cancelled"
    retryable = True


def follow(session: Session, job_id: str, *, keep_served: bool) -> JobView:
    """Show a job until it ends.

    Args:
        keep_served: Start a runtime again should the one at work end before the job does.
    Raises:
        NothingServesError: The job waits and nothing works on it (only without ``keep_served``).
    """
    sequence = 0
    with _display(session, job_id) as show:
        while True:
            try:
                for event in session.client.watch(job_id, after_sequence=sequence):
                    sequence = event.sequence
                    show(event)
                return session.client.get_job(job_id)
            except NothingServesError:
                if not keep_served:
                    raise
                session.ensure_served()


def follow_or_cancel(session: Session, start: Callable[[], str]) -> JobView:
    """Start a job, serve and follow it to its end; Ctrl-C at any moment cancels it and tells how to go on with it.

    Args:
        start: Submits the job and returns its id.
    """
    with _interrupts_held() as let_interrupts_in:
        job_id = start()
        try:
            let_interrupts_in()
            session.ensure_served()
            return follow(session, job_id, keep_served=True)
        except KeyboardInterrupt:
            # A second Ctrl-C must not leave the job running with nobody told.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            _cancel(session, job_id)
            session.emit("cancelled", job_id=job_id, resume=f"studio resume {job_id}")
            session.say(f"\ncancelled; everything made is kept. Go on with: [bold]studio resume {job_id}[/]")
            raise typer.Exit(EXIT_CANCELLED) from None


@contextmanager
def _interrupts_held() -> Iterator[Callable[[], None]]:
    """Keep Ctrl-C back until what it is to end is known; a second one gets through at once.

    Yields:
        Lets Ctrl-C in again; raises ``KeyboardInterrupt`` if one was kept back.
    """
    kept_back = False

    def keep_back(*_: object) -> None:
        nonlocal kept_back
        if kept_back:
            raise KeyboardInterrupt
        kept_back = True

    def let_in() -> None:
        signal.signal(signal.SIGINT, before)
        if kept_back:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, keep_back)
    try:
        yield let_in
    finally:
        signal.signal(signal.SIGINT, before)


def _cancel(session: Session, job_id: str) -> None:
    try:
        session.client.cancel(job_id)
    except InfrastructureError as error:
        raise NotCancelledError(
            f"the job goes on, for it could not be told to stop ({error.message}); later: studio cancel {job_id}"
        ) from None


def require_success(session: Session, job: JobView) -> None:
    """Say how a job ended, and leave with an error if it did not succeed."""
    if job.state is JobState.SUCCEEDED:
        return
    if job.error is not None and job.failed_stage is not None:
        _say_failure(session, job)
        raise typer.Exit(EXIT_FAILED)
    session.emit("ended", job_id=job.job_id, state=job.state.value, reason=job.reason)
    session.say(f"job {job.job_id} is {job.state.value}: {escape(job.reason)}")
    raise typer.Exit(EXIT_FAILED)


def _say_failure(session: Session, job: JobView) -> None:
    assert job.error is not None and job.failed_stage is not None  # noqa: S101, PT018  # asked by the caller
    place = place_of(job.failed_stage, job.failed_slide)
    session.emit(
        "failed",
        job_id=job.job_id,
        stage=job.failed_stage.value,
        slide=job.failed_slide,
        code=job.error.code,
        message=job.error.message,
        provider=job.error.provider,
    )
    if not session.as_json:
        error_console.print(
            f"[bold red]failed:[/] {place}: {escape(job.error.message)} [dim]\\[{job.error.code}][/]"
        )
        error_console.print(f"everything made is kept; mend the cause, then: studio resume {job.job_id}")


@contextmanager
def _display(session: Session, job_id: str) -> Iterator[Callable[[JobEvent], None]]:
    if session.as_json:
        yield lambda event: session.emit("fact", **event.envelope.model_dump(mode="json", exclude_none=True))
        return
    if not console.is_terminal:
        yield StageLines(session.client.get_job(job_id).stages).take
        return
    with JobDisplay(session.client.get_job(job_id).stages) as display:
        yield display.take
