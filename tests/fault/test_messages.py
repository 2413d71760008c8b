"""What the bus promises about single messages, on every broker with every database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contracts.attempts import AttemptStarted, AttemptSucceeded
from shared.contracts.envelope import Envelope, enclose
from shared.ids import new_id


def a_fact(task_id: str, contract: type[AttemptStarted] | type[AttemptSucceeded], **fields: Any) -> Envelope:
    """A fact of an attempt of the mason."""
    body = contract(task_id=task_id, attempt=1, execution_id="x", worker="mason@test", **fields)
    return enclose(body, source="/studiomatic/mason", subject=task_id, job_id=task_id)


def test_a_command_goes_through_started_and_succeeded_to_a_fact(town) -> None:
    task_id = town.order("well")
    wall = town.wait_for(task_id, "succeeded")
    town.eventually(lambda: town.told_to_clerk(task_id) == 1)
    assert town.facts(task_id) == ["attempt.started.v1", "attempt.succeeded.v1"]
    assert wall["changes"] == 2


def test_a_worker_without_a_database_reports_straight_to_the_broker(town) -> None:
    task_id = town.order("well", pool="sculptor")
    town.wait_for(task_id, "succeeded")
    assert town.facts(task_id) == ["attempt.started.v1", "attempt.succeeded.v1"]


@pytest.mark.parametrize(
    ("how", "state", "code"),
    [
        ("later", "deferred", None),
        ("badly", "failed", "mason.wet_sand"),
        ("of_rubbish", "failed", "bad_media"),
        ("nowhere", "failed", "not_found"),
        ("drunk", "failed", "internal"),
        ("too_much", "failed", "invalid_message"),
    ],
)
def test_what_a_handler_raises_is_the_outcome_of_its_attempt(town, how: str, state: str, code: str | None) -> None:
    task_id = town.order(how)
    wall = town.wait_for(task_id, state)
    assert wall["code"] == code
    assert len(town.notes(event="began", task=task_id)) == 1


def test_a_missing_store_is_waited_for_and_uses_no_attempt(town) -> None:
    task_id = town.order("when_the_store_opens", times=2)
    town.wait_for(task_id, "succeeded")
    assert len(town.notes(event="began", task=task_id)) == 3
    assert town.facts(task_id) == ["attempt.started.v1", "attempt.succeeded.v1"]


def test_a_handler_is_ended_at_its_deadline(town) -> None:
    task_id = town.order("stubbornly", seconds=30.0, deadline_s=1)
    assert town.wait_for(task_id, "failed")["code"] == "deadline_exceeded"


def test_a_command_delivered_twice_is_performed_once_with_an_inbox(town) -> None:
    message = build_wall(town, task_id := new_id())
    town.publish("studio.commands", "mason", message)
    town.eventually(lambda: town.notes(event="ended", task=task_id))
    town.publish("studio.commands", "mason", message, times=3)
    town.publish("studio.commands", "mason", build_wall(town, last := new_id()))
    town.eventually(lambda: town.notes(event="ended", task=last))
    town.eventually(lambda: town.depth("mason") == 0)
    assert len(town.notes(event="began", task=task_id)) == 1


def test_a_fact_delivered_twice_takes_effect_once(town) -> None:
    task_id = town.order("later")
    town.wait_for(task_id, "deferred")
    message = a_fact(task_id, AttemptSucceeded, result={}, duration_ms=1)
    town.publish("mason.events", "attempt.succeeded", message, times=3)
    town.wait_for(task_id, "succeeded")
    town.eventually(lambda: town.told_to_clerk(task_id) == 1)
    town.eventually(lambda: town.depth("foreman.attempts") == 0)
    assert town.facts(task_id)[2:] == ["attempt.succeeded.v1"]


def test_facts_that_come_in_the_wrong_order_do_not_reopen_what_is_done(town) -> None:
    task_id = town.order("later")
    town.wait_for(task_id, "deferred")
    town.publish("mason.events", "attempt.succeeded", a_fact(task_id, AttemptSucceeded, result={}, duration_ms=1))
    town.wait_for(task_id, "succeeded")
    town.publish("mason.events", "attempt.started", a_fact(task_id, AttemptStarted))
    town.eventually(lambda: town.facts(task_id)[-1] == "attempt.started.v1")
    assert town.wall(task_id)["state"] == "succeeded"


UNREADABLE: list[Any] = [
    pytest.param(b"\xff\xfe not json", "undecodable", id="undecodable"),
    pytest.param(b"{}", "undecodable", id="no envelope"),
    pytest.param(b"x" * 300_000, "undecodable", id="oversized"),
    pytest.param(
        json.dumps(
            {
                "id": "1",
                "source": "/x",
                "type": "mason.dance.v1",
                "time": "2030-01-01T00:00:00Z",
                "data": {},
            }
        ).encode(),
        "unknown_type",
        id="unknown",
    ),
    pytest.param(
        json.dumps(
            {
                "id": "2",
                "source": "/x",
                "type": "mason.build_wall.v1",
                "time": "2030-01-01T00:00:00Z",
                "data": {"task_id": 7},
            }
        ).encode(),
        "does_not_fit",
        id="wrong fields",
    ),
]


@pytest.mark.parametrize(("body", "reason"), UNREADABLE)
def test_a_command_nobody_can_read_is_set_aside_counted_and_the_next_one_is_performed(
    town, body: bytes, reason: str
) -> None:
    dead, counted = town.depth("mason.dead"), set_aside(town, "mason")
    because = set_aside(town, "mason", reason=reason)
    town.publish("studio.commands", "mason", body)
    town.eventually(lambda: town.depth("mason.dead") == dead + 1)
    town.wait_for(town.order("well"), "succeeded")
    assert set_aside(town, "mason") == counted + 1
    assert set_aside(town, "mason", reason=reason) == because + 1


@pytest.mark.parametrize(("body", "reason"), [case for case in UNREADABLE if case.id != "wrong fields"])
def test_a_fact_nobody_can_read_is_set_aside_counted_and_the_next_one_is_heard(
    town, body: bytes, reason: str
) -> None:
    dead, counted = town.depth("foreman.attempts.dead"), set_aside(town, "foreman.attempts")
    because = set_aside(town, "foreman.attempts", reason=reason)
    town.publish("mason.events", "attempt.started", body)
    town.eventually(lambda: town.depth("foreman.attempts.dead") == dead + 1)
    town.wait_for(town.order("well"), "succeeded")
    assert set_aside(town, "foreman.attempts") == counted + 1
    assert set_aside(town, "foreman.attempts", reason=reason) == because + 1


def set_aside(town: Any, queue: str, **labels: str) -> float:
    """How many messages the reader of a queue says it has set aside."""
    total: float = town.counted(queue.partition(".")[0], "studio_messages_set_aside_total", queue=queue, **labels)
    return total


def test_a_fact_whose_fields_do_not_fit_is_set_aside_and_counted(town) -> None:
    counted = set_aside(town, "foreman.attempts", reason="does_not_fit")
    misfit = a_fact(new_id(), AttemptStarted).model_copy(update={"data": {"task_id": 7}})
    town.publish("mason.events", "attempt.started", misfit)
    town.eventually(lambda: set_aside(town, "foreman.attempts", reason="does_not_fit") == counted + 1)


def test_attempts_are_counted_by_their_pool_and_how_they_ended(town) -> None:
    succeeded = {"pool": "mason", "outcome": "succeeded"}
    failed = {"pool": "mason", "outcome": "failed", "code": "mason.wet_sand"}
    before = [town.counted("mason", "studio_attempts_total", **labels) for labels in (succeeded, failed)]
    town.wait_for(town.order("well"), "succeeded")
    town.wait_for(town.order("badly"), "failed")
    after = [town.counted("mason", "studio_attempts_total", **labels) for labels in (succeeded, failed)]
    assert after == [number + 1 for number in before]


def test_calls_are_counted_by_their_type_and_the_error_they_were_answered(town, call_failed: type[Any]) -> None:
    refused = {"service": "foreman", "query": "foreman.ask_nonsense.v1", "code": "not_found"}
    answered = {"service": "foreman", "query": "foreman.order_wall.v1", "code": ""}
    before = [town.counted("foreman", "studio_calls_total", **labels) for labels in (refused, answered)]
    with pytest.raises(call_failed):
        town.call("AskNonsense", how="unknown")
    town.order("well")
    after = [town.counted("foreman", "studio_calls_total", **labels) for labels in (refused, answered)]
    assert after == [number + 1 for number in before]


def test_a_dead_letter_nobody_can_read_ends_in_the_last_place(town) -> None:
    before = town.depth("studio.unreadable")
    town.publish("studio.commands", "sculptor", b"\xff\xfe not json")
    town.eventually(lambda: town.depth("studio.unreadable") == before + 1)
    readable = build_wall(town, new_id()).model_copy(update={"type": "sculptor.dance.v1"})
    town.publish("studio.commands", "sculptor", readable)
    town.eventually(lambda: town.notes(event="buried", message=readable.id))


def test_a_fact_that_no_handler_survives_is_set_aside_at_the_delivery_limit(town) -> None:
    before, given_up = town.depth("clerk.curses.dead"), set_aside(town, "clerk.curses", reason="delivery_limit")
    curse = a_fact(new_id(), AttemptStarted)
    town.publish("foreman.events", "curse.spoken", curse)
    town.eventually(lambda: town.depth("clerk.curses.dead") == before + 1)
    assert set_aside(town, "clerk.curses", reason="delivery_limit") == given_up + 1
    assert len(town.notes(event="cursed", message=curse.id)) == 4, "the first delivery and three more"


def test_progress_is_told_while_a_task_runs(town) -> None:
    task_id = town.order("slowly", seconds=1.5)
    town.wait_for(task_id, "succeeded")
    assert town.notes(event="progressed", task=task_id)


def test_a_cancelled_job_ends_its_running_tasks(town) -> None:
    task_id = town.order("slowly", seconds=60.0)
    town.wait_for(task_id, "running")
    town.cancel(task_id)
    assert town.wait_for(task_id, "failed")["code"] == "task_cancelled"


def test_a_command_of_a_cancelled_job_is_not_begun(town) -> None:
    first = town.order("slowly", seconds=60.0)
    town.wait_for(first, "running")
    town.cancel(first)
    town.wait_for(first, "failed")
    late = build_wall(town, new_id()).model_copy(update={"jobid": first})
    town.publish("studio.commands", "mason", late)
    late_task = late.data["task_id"]
    town.eventually(lambda: town.outbox_has("mason", late_task, "attempt.failed.v1"))
    assert not town.notes(event="began", task=late_task)


def test_a_call_is_answered_for_the_account_that_the_edge_states(town) -> None:
    answer = town.call("OrderWall", task_id=new_id())
    assert answer["account_id"] == "account"


@pytest.mark.parametrize(
    ("how", "kind", "code"),
    [
        ("unknown", "NotFoundError", "not_found"),
        ("own", "RemoteError", "foreman.on_strike"),
        ("crash", "RemoteError", "internal"),
    ],
)
def test_an_error_answer_arrives_as_its_code(town, call_failed: type[Any], how: str, kind: str, code: str) -> None:
    with pytest.raises(call_failed) as caught:
        town.call("AskNonsense", how=how)
    assert (caught.value.type, caught.value.code) == (kind, code)
    assert "secret" not in caught.value.message


def test_a_call_ends_at_its_deadline(town, call_failed: type[Any]) -> None:
    with pytest.raises(call_failed) as caught:
        town.call("AskNonsense", how="slowly", seconds=2.0, timeout_s=0.3)
    assert caught.value.type == "RpcTimeoutError"


def test_a_call_to_nobody_is_refused_at_once(town, call_failed: type[Any]) -> None:
    with pytest.raises(call_failed) as caught:
        town.call("AskNobody", service="nobody")
    assert caught.value.type == "UnroutableError"


def build_wall(town: Any, task_id: str) -> Envelope:
    """A command for the mason that the foreman knows nothing of."""
    data = {"task_id": task_id, "attempt": 1, "deadline_s": 60, "how": "well"}
    fact = a_fact(task_id, AttemptStarted)
    return fact.model_copy(update={"id": new_id(), "type": "mason.build_wall.v1", "data": data, "accountid": "me"})
