"""Every job has ended once, and its facts tell so without a gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from services.orchestrator.tables import JOB_FACTS, JOBS
from shared.contracts.envelope import Envelope
from shared.contracts.jobs import JobCancelled, JobFailed, JobState, JobSucceeded

ENDINGS = {
    JobSucceeded.type: JobState.SUCCEEDED,
    JobFailed.type: JobState.FAILED,
    JobCancelled.type: JobState.CANCELLED,
}
"""The fact that tells of each terminal state."""


def job_violations(connection: Connection) -> Iterator[str]:
    """Jobs that have not ended, and jobs whose facts are not a complete story with one end."""
    facts: dict[str, list[Envelope]] = defaultdict(list)
    for row in connection.execute(select(JOB_FACTS).order_by(JOB_FACTS.c.job_id, JOB_FACTS.c.sequence)):
        facts[row.job_id].append(Envelope.model_validate_json(row.envelope))
    columns = (JOBS.c.job_id, JOBS.c.state, JOBS.c.reason, JOBS.c.ended_at, JOBS.c.last_sequence)
    jobs = connection.execute(select(*columns).order_by(JOBS.c.job_id)).all()
    for job in jobs:
        yield from _not_ended(job)
        yield from _broken_story(job, facts.pop(job.job_id, []))
    for job_id, orphans in facts.items():
        yield f"there are {len(orphans)} facts of job {job_id}, which does not exist"


def _not_ended(job: Any) -> Iterator[str]:
    if not JobState(job.state).is_terminal:
        yield f"job {job.job_id} has not ended: it is {job.state} ({job.reason})"
    elif job.ended_at is None:
        yield f"job {job.job_id} is {job.state} but has no time of its end"


def _broken_story(job: Any, facts: Sequence[Envelope]) -> Iterator[str]:
    numbers = [fact.sequence for fact in facts]
    if numbers != list(range(1, len(facts) + 1)):
        yield f"the facts of job {job.job_id} have a gap: their numbers are {numbers}"
    if job.last_sequence != len(facts):
        yield f"job {job.job_id} counts {job.last_sequence} facts, {len(facts)} are stored"
    endings = [fact.type for fact in facts if fact.type in ENDINGS]
    if not JobState(job.state).is_terminal:
        if endings:
            yield f"job {job.job_id} is {job.state}, yet its facts say {endings}"
    elif [ENDINGS[ending] for ending in endings] != [job.state]:
        yield f"job {job.job_id} is {job.state}, its facts tell the ends {endings}"
    elif facts[-1].type not in ENDINGS:
        yield f"the last fact of job {job.job_id} is {facts[-1].type}, not its end"
