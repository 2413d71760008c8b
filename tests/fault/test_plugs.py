"""What the bus promises when somebody pulls a plug.

Towns that share a server suffer the same fault at the same time, which saves waiting.
"""

from __future__ import annotations

import json
import time

import pytest

from shared.contracts.attempts import AttemptStarted
from shared.contracts.envelope import Envelope, enclose
from shared.ids import new_id

pytestmark = pytest.mark.fault

MASONS = ("mason", "sculptor")


two_towns = pytest.mark.parametrize(
    "town",
    [
        pytest.param(("memory", "sqlite"), id="memory-sqlite"),
        pytest.param(
            ("rabbitmq", "postgresql"),
            id="rabbitmq-postgresql",
            marks=[pytest.mark.rabbitmq, pytest.mark.postgres],
        ),
    ],
    indirect=True,
)
"""Where broker and database do not matter together, each is used once."""


def order_everywhere(towns: list, seconds: float) -> list[tuple]:
    """Have every mason of every town build slowly; returns when all are at it."""
    orders = [(town, town.order("slowly", pool=pool, seconds=seconds)) for town in towns for pool in MASONS]
    for town, task_id in orders:
        town.wait_for(task_id, "running")
    return orders


def assert_built_once(orders: list[tuple]) -> None:
    """Every wall stands, was built by one execution and no attempt failed."""
    for town, task_id in orders:
        assert town.wait_for(task_id, "succeeded", "failed")["state"] == "succeeded"
        assert len(town.notes(event="began", task=task_id)) == 1, town.name
        assert "attempt.failed.v1" not in town.facts(task_id)
        town.eventually(lambda town=town, task_id=task_id: town.told_to_clerk(task_id) == 1)


def test_a_worker_killed_while_it_works_loses_nothing(town) -> None:
    task_id = town.order("slowly_at_first", seconds=60.0)
    town.wait_for(task_id, "running")
    town.kill("mason")
    town.start()
    town.wait_for(task_id, "succeeded")
    town.eventually(lambda: town.told_to_clerk(task_id) == 1)
    executions = town.notes(event="began", task=task_id)
    assert len({note["pid"] for note in executions}) == 2, "the second process did it again"
    assert len({note["execution"] for note in executions}) == len(executions)


def test_connections_closed_every_three_seconds_do_not_disturb_a_long_task(rabbit_towns, rabbitmq) -> None:
    orders = order_everywhere(rabbit_towns, seconds=20.0)
    town, task_id = orders[0]
    while not town.notes(event="ended", task=task_id):
        assert rabbitmq.close_all_connections() > 0
        waited = time.monotonic() + 3.0
        town.eventually(lambda end=waited: time.monotonic() > end or town.notes(event="ended", task=task_id))
    assert_built_once(orders)


def test_a_broker_that_restarts_loses_no_task_and_repeats_none(rabbit_towns, rabbitmq) -> None:
    orders = order_everywhere(rabbit_towns, seconds=3.0)
    waiting = [(town, town.order("well", pool="sculptor")) for town in rabbit_towns]
    rabbitmq.restart()
    assert_built_once(orders + waiting)


def test_a_broker_that_is_killed_loses_no_task_and_repeats_none(rabbit_towns, rabbitmq) -> None:
    orders = order_everywhere(rabbit_towns, seconds=3.0)
    waiting = [(town, town.order("well", pool="sculptor")) for town in rabbit_towns]
    rabbitmq.kill()
    rabbitmq.start()
    assert_built_once(orders + waiting)


def test_a_broker_that_blocks_publishers_delays_reports_and_loses_none(rabbit_towns, rabbitmq) -> None:
    orders = order_everywhere(rabbit_towns, seconds=1.0)
    rabbitmq.raise_memory_alarm()
    for town, task_id in orders:
        town.eventually(lambda town=town, task_id=task_id: town.notes(event="ended", task=task_id))
    assert {town.wall(task_id)["state"] for town, task_id in orders} == {"running"}
    for town in rabbit_towns:
        town.eventually(lambda town=town: unsent(town) >= 1 and oldest_unsent_s(town) > 0)
    rabbitmq.clear_alarms()
    assert_built_once(orders)
    for town in rabbit_towns:
        town.eventually(lambda town=town: (unsent(town), oldest_unsent_s(town)) == (0, 0))


def unsent(town) -> float:
    """How many messages of the mason wait in its outbox, as its process tells."""
    return town.counted("mason", "studio_outbox_unsent", service="mason")


def oldest_unsent_s(town) -> float:
    return town.counted("mason", "studio_outbox_oldest_unsent_seconds", service="mason")


def test_a_broker_that_takes_a_slow_delivery_back_does_not_repeat_it(rabbit_towns, rabbitmq) -> None:
    """RabbitMQ closes the channel (406) when a delivery stays unanswered for its consumer_timeout."""
    town = rabbit_towns[0]
    with Impatience(rabbitmq):
        orders = [(town, town.order("slowly", pool=pool, seconds=5.0)) for pool in MASONS]
        assert_built_once(orders)
    for mason in MASONS:
        losses = town.process_of(mason).events("broker_connection_lost")
        assert any("PRECONDITION_FAILED" in loss["error"] for loss in losses), mason


class Impatience:
    """Makes the broker check every second whether a delivery is older than two."""

    def __init__(self, rabbitmq) -> None:
        self._rabbitmq = rabbitmq

    def __enter__(self) -> None:
        self._set(consumer_timeout=2_000, channel_tick_interval=1_000)

    def __exit__(self, *_: object) -> None:
        self._set(consumer_timeout=1_800_000, channel_tick_interval=60_000)

    def _set(self, **values: int) -> None:
        for name, value in values.items():
            self._rabbitmq.control(f"application:set_env(rabbit, {name}, {value})")
        self._rabbitmq.close_all_connections()  # channels read it when they are opened


def test_a_database_away_for_ten_seconds_costs_no_attempt(postgres_towns, postgres) -> None:
    orders = order_everywhere(postgres_towns, seconds=2.0)
    with postgres.stopped():
        end = time.monotonic() + 10.0
        town, task_id = orders[0]
        town.eventually(lambda: town.notes(event="ended", task=task_id))
        town.eventually(lambda: time.monotonic() > end)
    assert_built_once(orders)


@two_towns
def test_a_blocked_event_loop_is_noticed_and_the_culprit_named(town) -> None:
    before = len(town.process_of("mason").events("event_loop_blocked"))
    task_id = town.order("blocking", seconds=1.8)
    town.wait_for(task_id, "succeeded")
    blockages = town.process_of("mason").events("event_loop_blocked")[before:]
    assert blockages
    assert "Work.build_blocking" in blockages[0]["culprit"]


@two_towns
def test_an_idle_loop_is_not_called_blocked(town) -> None:
    for service in ("foreman", "clerk", "sculptor"):
        culprits = [event["culprit"] for event in town.process_of(service).events("event_loop_blocked")]
        assert not any(culprit.startswith("eventlet.hubs") for culprit in culprits)


@two_towns
def test_a_worker_that_must_stop_finishes_what_it_has_begun(town) -> None:
    task_id = town.order("slowly", seconds=1.0)
    town.wait_for(task_id, "running")
    assert town.stop("mason") == 0
    assert len(town.notes(event="ended", task=task_id)) == 1
    assert not town.rows("mason", "SELECT 1 FROM outbox WHERE sent_at IS NULL"), (
        "the report went out before the end"
    )
    town.start()
    town.wait_for(task_id, "succeeded")
    assert len(town.notes(event="began", task=task_id)) == 1


def test_a_command_sent_again_after_its_worker_was_restarted_is_not_performed_again(town) -> None:
    """What the process knew of the first copy died with it; only its inbox remembers."""
    message = build_wall(task_id := new_id())
    town.publish("studio.commands", "mason", message)
    town.eventually(lambda: town.outbox_has("mason", task_id, "attempt.succeeded.v1"))
    town.kill("mason")
    town.start()
    town.publish("studio.commands", "mason", message, times=2)
    town.eventually(lambda: town.depth("mason") == 0)
    assert town.stop("mason") == 0, "what it had in hand is done with now"
    town.start()
    assert len(town.notes(event="began", task=task_id)) == 1
    results = town.rows("mason", "SELECT body FROM outbox WHERE type LIKE 'attempt.%'")
    assert sum(json.loads(row["body"])["data"]["task_id"] == task_id for row in results) == 1


def build_wall(task_id: str) -> Envelope:
    """A command for the mason that the foreman knows nothing of."""
    order = AttemptStarted(task_id=task_id, attempt=1, execution_id="x", worker="w")
    data = {"task_id": task_id, "attempt": 1, "deadline_s": 60, "how": "well"}
    envelope = enclose(order, source="/studiomatic/foreman", account_id="me", job_id=task_id)
    return envelope.model_copy(update={"type": "mason.build_wall.v1", "data": data})


def test_a_listener_that_must_stop_finishes_the_fact_in_hand_and_does_not_get_it_again(town) -> None:
    saga = f"saga-{new_id()[-12:]}"
    town.call("OrderWall", task_id=saga, how="well", pool="sculptor")
    town.eventually(lambda: town.notes(event="singing", task=saga))
    assert town.stop("clerk") == 0
    assert len(town.notes(event="sung", task=saga)) == 1
    town.start()
    later = town.order("well", pool="sculptor")
    town.eventually(lambda: town.notes(event="sung", task=later))
    town.eventually(lambda: town.depth("clerk.sagas") == 0)
    assert len(town.notes(event="singing", task=saga)) == 1


@two_towns
def test_a_worker_that_must_stop_hands_back_what_takes_too_long(town) -> None:
    task_id = town.order("slowly_at_first", seconds=60.0)
    town.wait_for(task_id, "running")
    assert town.stop("mason") == 0
    assert not town.notes(event="ended", task=task_id)
    town.start()
    town.wait_for(task_id, "succeeded")
    assert len(town.notes(event="began", task=task_id)) == 2
    assert "attempt.failed.v1" not in town.facts(task_id)


def test_a_process_stops_although_the_broker_is_frozen(rabbit_towns, rabbitmq) -> None:
    town = rabbit_towns[0]
    with rabbitmq.paused():
        assert town.stop("mason") == 0
    town.start()
    town.wait_for(town.order("well"), "succeeded")


def test_calls_are_answered_again_after_all_connections_were_closed(rabbit_towns, rabbitmq) -> None:
    for town in rabbit_towns:
        town.call("OrderWall", task_id="before")
    assert rabbitmq.close_all_connections() > 0
    for town in rabbit_towns:
        assert town.call("OrderWall", task_id="after")["task_id"] == "after"
