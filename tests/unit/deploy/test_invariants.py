"""The rules of a farm at rest: nothing is said about a sound one, and each broken rule is told in words."""

from __future__ import annotations

import pytest

from deploy.local.invariants.jobs import job_violations
from deploy.local.invariants.messages import DeadLetter, dead_letter_violations, queue_violations
from deploy.local.invariants.objects import object_violations
from deploy.local.invariants.services import ledger_violations, outbox_violations
from deploy.local.invariants.tasks import execution_violations, share_violations, task_violations
from shared.contracts.attempts import AttemptStarted
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobCancelling

DAMAGES = {
    "a job that has not ended": ("UPDATE jobs SET state = 'running'", "has not ended: it is running (done)"),
    "a job that ended at no time": ("UPDATE jobs SET ended_at = NULL", "no time of its end"),
    "a job whose end its facts do not tell": ("UPDATE jobs SET state = 'failed'", "its facts tell the ends"),
    "a running job whose facts say it ended": ("UPDATE jobs SET state = 'running'", "yet its facts say"),
    "a lost fact": ("DELETE FROM job_facts WHERE sequence = 2", "have a gap: their numbers are [1, 3]"),
    "a fact that was not counted": ("UPDATE jobs SET last_sequence = 2", "counts 2 facts, 3 are stored"),
    "a missing end": ("DELETE FROM job_facts WHERE sequence = 3", "its facts tell the ends []"),
    "a second end": (
        "UPDATE job_facts SET envelope = replace(envelope, 'job.started.v1', 'job.failed.v1')",
        "its facts tell the ends ['job.failed.v1', 'job.succeeded.v1']",
    ),
    "an end that is not the last fact": (
        "UPDATE job_facts SET envelope = replace(replace(replace(envelope, 'job.started', 'x.x'),"
        " 'job.succeeded', 'job.started'), 'x.x', 'job.succeeded')",
        "is job.started.v1, not its end",
    ),
    "facts of no job": ("DELETE FROM jobs", "3 facts of job"),
    "a task that has not ended": ("UPDATE tasks SET state = 'ready' WHERE task_id = 't1'", "has not ended"),
    "a task of no job": ("UPDATE tasks SET job_id = 'x' WHERE task_id = 't1'", "a job that does not exist"),
    "a failed task in a job that succeeded": (
        "UPDATE tasks SET state = 'failed' WHERE task_id = 't1'",
        "is failed, yet its job succeeded",
    ),
    "a live lease": ("UPDATE tasks SET lease_until = '2026-07-01 12:00:00' WHERE task_id = 't2'", "still holds a lease"),
    "no accepted result": ("UPDATE attempts SET accepted = false WHERE task_id = 't1'", "with 0 accepted results"),
    "two accepted results": ("UPDATE attempts SET task_id = 't1'", "with 2 accepted results"),
    "an accepted result of a task that failed": (
        "UPDATE tasks SET state = 'failed' WHERE task_id = 't1'",
        "yet 1 of its results were accepted",
    ),
    "an accepted result of an older attempt": ("UPDATE tasks SET attempt = 2", "its newest attempt is 2"),
    "an accepted execution that failed": ("UPDATE attempts SET state = 'lost'", "which is lost and of attempt 1"),
    "a running execution of a task that ended": ("UPDATE attempts SET state = 'running'", "still runs, yet task t1"),
    "an accepted result of no task": ("DELETE FROM tasks WHERE task_id = 't1'", "which does not exist"),
    "a success without a result": ("UPDATE tasks SET result = 'null'", "succeeded without a result"),
    "a share that counts a task too many": ("UPDATE pool_shares SET running = 1", "counts 1 running tasks, there are 0"),
    "a share that misses a task": ("UPDATE tasks SET state = 'ready'", "counts 0 ready tasks, there are 2"),
    "a task without a share": ("UPDATE tasks SET state = 'ready', pool = 'x'", "has no share in x, yet 2 ready"),
    "an unsent message": ("UPDATE outbox SET sent_at = NULL", "still holds job.queued.v1 m1"),
}  # fmt: skip


def violations(farm) -> list[str]:
    """What all rules about tables say."""
    with farm.orchestrator.reading() as connection:
        found = [
            *outbox_violations(connection, "orchestrator"),
            *job_violations(connection),
            *task_violations(connection),
            *execution_violations(connection),
            *share_violations(connection),
        ]
    with farm.content.reading() as connection:
        found += ledger_violations(connection)
    return found + object_violations(farm.orchestrator, farm.content, farm.objects)


def test_nothing_is_said_about_a_sound_farm(farm) -> None:
    assert violations(farm) == []


@pytest.mark.parametrize(("statement", "words"), DAMAGES.values(), ids=DAMAGES)
def test_every_broken_rule_of_the_orchestrator_is_told(farm, statement: str, words: str) -> None:
    farm.change("orchestrator", statement)
    assert any(words in violation for violation in violations(farm)), violations(farm)


def test_a_request_that_somebody_still_makes_is_told(farm) -> None:
    farm.change("content", "UPDATE ledger SET state = 'reserved'")
    assert violations(farm) == [], "its lease is over"
    farm.change("content", "UPDATE ledger SET lease_until = '2999-01-01 00:00:00'")
    assert any("is reserved by execution e until" in violation for violation in violations(farm))


def test_an_object_with_other_bytes_is_told_with_who_needs_it(farm) -> None:
    key = next(stored.key for stored in farm.objects.list_objects("accounts/acc/") if stored.size_bytes == 7)
    farm.overwrite(key, b"another")
    assert any("key2 of job" in violation and "SHA-256" in violation for violation in violations(farm))


def test_an_object_that_is_gone_is_told_with_who_needs_it(farm) -> None:
    for stored in list(farm.objects.list_objects("accounts/acc/")):
        farm.objects.delete(stored.key)
    told = violations(farm)
    assert any("is not stored, key1 of job" in violation for violation in told)
    assert any("is not stored, key2 of job" in violation for violation in told)


def test_an_asset_that_only_content_knows_is_looked_at(farm) -> None:
    farm.change("content", "UPDATE assets SET size_bytes = 99")
    assert any("the assets of acc says 99" in violation for violation in violations(farm))


def test_a_message_in_a_work_queue_is_told_and_a_dead_one_is_not_work() -> None:
    depths = {"renderer": 2, "content-media": 0, "renderer.dead": 1, "studio.unreadable": 1}
    assert list(queue_violations(depths)) == ["2 messages wait in queue renderer"]


def letter(queue: str, *, message_id: str = "m", task_id: str = "unknown") -> DeadLetter:
    names = {"attempt": 1, "execution_id": "e", "worker": "w"}
    fact = AttemptStarted(task_id=task_id, **names)
    envelope = enclose(fact, source="/studiomatic/test", job_id="j", message_id=message_id)
    return DeadLetter(queue=queue, body=envelope.encode())


def cancelling(job_id: str) -> DeadLetter:
    fact = JobCancelling(job_id=job_id, project_id="p")
    envelope = enclose(fact, source="/studiomatic/test", job_id=job_id)
    return DeadLetter(queue="content.cancellations.dead", body=envelope.encode())


def told(farm, *letters: DeadLetter) -> list[str]:
    return list(dead_letter_violations(letters, farm.orchestrator, farm.content))


def test_a_dead_letter_that_was_lost_is_told(farm) -> None:
    (violation,) = told(farm, letter("orchestrator.attempts.dead"))
    assert violation == (
        "queue orchestrator.attempts.dead holds attempt.started.v1 m of job j, which nobody handled"
    )


def test_a_dead_report_that_was_taken_in_after_all_is_explained(farm) -> None:
    assert told(farm, letter("orchestrator.attempts.dead", message_id="handled")) == []


def test_a_dead_report_on_a_task_that_has_ended_is_explained(farm) -> None:
    assert told(farm, letter("orchestrator.attempts.dead", task_id="t1")) == []


def test_a_command_left_in_a_pools_dead_letters_is_told(farm) -> None:
    assert len(told(farm, letter("renderer.dead", task_id="t1"))) == 1


def test_a_dead_cancellation_is_explained_only_where_content_knows_the_job(farm) -> None:
    assert len(told(farm, cancelling("j"))) == 1
    farm.change("content", "INSERT INTO cancelled_jobs VALUES ('j', '2026-07-01 12:00:00')")
    assert told(farm, cancelling("j")) == []


def test_a_message_that_nobody_can_read_is_told(farm) -> None:
    (violation,) = told(farm, DeadLetter(queue="studio.unreadable", body=b"{"))
    assert violation.startswith("queue studio.unreadable holds a message that nobody can read")
