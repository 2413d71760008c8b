"""``studio jobs``, ``show``, ``watch``, ``cancel``, ``resume``, ``fetch``: see and steer jobs."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from shared.contracts.jobs import JobExplanation, JobState, JobView
from shared.ids import new_id
from studiomatic.cli.following import follow, require_success
from studiomatic.cli.options import AsJson, Bus, Media, Out
from studiomatic.cli.progress import NAMES, place_of
from studiomatic.cli.render import default_folder, finish, leave
from studiomatic.cli.session import Session, console, explains_errors, open_session, print_json
from studiomatic.client import NothingServesError
from studiomatic.results import fetch_results

JobId = Annotated[str, typer.Argument(help="Id of the job, as `studio jobs` shows it.")]


@explains_errors
def list_jobs(
    project: Annotated[str | None, typer.Option(help="Only jobs of this project.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most jobs to show.")] = 20,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """List the newest jobs."""
    with open_session(bus, as_json=as_json) as session:
        jobs = session.client.list_jobs(project, limit).jobs
        if as_json:
            print_json([job.model_dump(mode="json") for job in jobs])
            return
        table = Table(Column("job", no_wrap=True), "state", "done", "started", "why", box=None)
        for job in jobs:
            why = job.error.message if job.error else job.reason
            table.add_row(
                job.job_id, job.state.value, f"{job.percent} %", f"{job.created_at:%Y-%m-%d %H:%M}", escape(why)
            )
        console.print(table if jobs else "no jobs yet; try: studio demo")


@explains_errors
def show(job_id: JobId, bus: Bus = None, as_json: AsJson = False) -> None:
    """Show one job with every task and attempt."""
    with open_session(bus, as_json=as_json) as session:
        explanation = session.client.explain(job_id)
        if as_json:
            print_json(explanation.model_dump(mode="json"))
            return
        _print_explanation(explanation)


@explains_errors
def watch(job_id: JobId, bus: Bus = None, as_json: AsJson = False) -> None:
    """Follow a job live. Exits with 3 when nothing works on it."""
    with open_session(bus, as_json=as_json) as session:
        try:
            require_success(session, follow(session, job_id, keep_served=False))
        except NothingServesError:
            _print_state(session, session.client.get_job(job_id))
            raise
        except KeyboardInterrupt:
            session.say(f"\nthe job goes on; stop it with: studio cancel {job_id}")
            raise typer.Exit(0) from None


@explains_errors
def cancel(job_id: JobId, bus: Bus = None, as_json: AsJson = False) -> None:
    """Stop a job; everything made is kept."""
    with open_session(bus, as_json=as_json) as session:
        state = session.client.cancel(job_id)
        session.emit("cancelled", job_id=job_id, state=state.value)
        hint = "" if state is JobState.SUCCEEDED else f"; go on with: studio resume {job_id}"
        session.say(f"job {job_id} is {state.value}{hint}")


@explains_errors
def resume(
    job_id: JobId,
    out: Out = None,
    detach: Annotated[bool, typer.Option("--detach", help="Store the new job and return at once.")] = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Start a new job where a failed or cancelled one stopped."""
    with open_session(bus, as_json=as_json) as session:

        def start() -> str:
            new_job = session.client.resume(job_id, idempotency_key=new_id())
            session.emit("submitted", job_id=new_job, resumes=job_id)
            return new_job

        if detach:
            leave(session, start())
        else:
            finish(session, start, out)


@explains_errors
def fetch(job_id: JobId, out: Out = None, media: Media = False, bus: Bus = None, as_json: AsJson = False) -> None:
    """Bring the files of a finished job to a folder."""
    with open_session(bus, as_json=as_json) as session:
        written = fetch_results(session.client, job_id, out or default_folder(job_id), media=media)
        session.emit("fetched", job_id=job_id, files=[str(path) for path in written])
        for path in written:
            session.say(escape(str(path)))


def _print_state(session: Session, job: JobView) -> None:
    session.emit("state", job_id=job.job_id, state=job.state.value, percent=job.percent)
    session.say(f"job {job.job_id} is {job.state.value}, {job.percent} % done")


def _print_explanation(explanation: JobExplanation) -> None:
    job = explanation.job
    console.print(f"job {job.job_id}: [bold]{job.state.value}[/], {job.percent} %, {escape(job.reason)}")
    if job.error and job.failed_stage:
        console.print(f"[red]{place_of(job.failed_stage, job.failed_slide)}: {escape(job.error.message)}[/]")
    table = Table("stage", "slide", "state", "attempt", "worker", "time", "why", box=None)
    for task in explanation.tasks:
        newest = task.attempts[-1] if task.attempts else None
        took = f"{newest.duration_ms / 1000:.1f} s" if newest and newest.duration_ms is not None else ""
        table.add_row(
            NAMES[task.stage],
            str(task.slide_number or ""),
            task.state.value + (" (cache)" if task.reused else ""),
            str(newest.attempt if newest else ""),
            newest.worker if newest else "",
            took,
            escape(newest.error.message if newest and newest.error else task.reason),
        )
    console.print(table)
