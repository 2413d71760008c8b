"""The table is complete in itself, and its names do not change by accident."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shared.bus.outgoing import command, fact
from shared.bus.topology import (
    CALLS_OF_PEOPLE,
    CALLS_OF_SERVICES,
    POOLS,
    TOPOLOGY,
    Queue,
    QueueKind,
    Topology,
    dead_queue,
)
from shared.contracts.attempts import ATTEMPT_FACTS
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobCancelling
from shared.contracts.registry import CALLS
from shared.contracts.tasks import GenerateImage

EXCHANGES = {exchange.name for exchange in TOPOLOGY.exchanges}
QUEUES = {queue.name for queue in TOPOLOGY.queues}


def test_queue_names_are_pinned() -> None:
    """A renamed queue strands the messages in the old one."""
    assert {
        "studio.unreadable",
        "content-text",
        "content-text.dead",
        "content-media",
        "content-media.dead",
        "renderer",
        "renderer.dead",
        "orchestrator.attempts",
        "orchestrator.attempts.dead",
        "orchestrator.progress",
        "orchestrator.rpc",
        "content.cancellations",
        "content.cancellations.dead",
        "content.accounts",
        "content.accounts.dead",
        "content.rpc",
        "auth.renders",
        "auth.renders.dead",
        "auth.rpc",
        "keyvault.accounts",
        "keyvault.accounts.dead",
        "keyvault.rpc",
        "gdpr.audit_heads",
        "gdpr.audit_heads.dead",
        "gdpr.rpc",
    } == QUEUES


def test_every_binding_joins_things_that_exist() -> None:
    for binding in TOPOLOGY.bindings:
        assert binding.exchange in EXCHANGES, binding
        assert binding.queue in QUEUES, binding


def test_every_queue_is_reached_by_some_binding() -> None:
    assert {binding.queue for binding in TOPOLOGY.bindings} == QUEUES


def test_every_message_that_cannot_be_handled_has_a_place_to_go() -> None:
    for queue in TOPOLOGY.queues:
        if queue.dead_letter:
            keys = {
                b.queue for b in TOPOLOGY.bindings if (b.exchange, b.routing_key) == ("studio.dead", queue.name)
            }
            assert len(keys) == 1, queue.name


def test_every_queue_with_a_delivery_limit_keeps_what_exceeds_it() -> None:
    assert all(queue.dead_letter for queue in TOPOLOGY.queues if queue.delivery_limit is not None)


def test_dead_lettering_is_at_least_once() -> None:
    arguments = TOPOLOGY.queue("renderer").arguments()
    assert arguments["x-dead-letter-strategy"] == "at-least-once"
    assert arguments["x-overflow"] == "reject-publish", "without it RabbitMQ falls back to at-most-once"


def test_every_fact_of_an_attempt_reaches_the_orchestrator() -> None:
    for service in ("content", "renderer"):
        bound = {b.routing_key for b in TOPOLOGY.bindings if b.exchange == f"{service}.events"}
        assert {contract.routing_key() for contract in ATTEMPT_FACTS} == bound


def test_a_command_to_a_pool_arrives_in_its_queue() -> None:
    image = GenerateImage(task_id="t", attempt=1, deadline_s=1, project_id="p", revision_id="r", slide_id="s")
    for pool in POOLS:
        message = command(enclose(image, source="/x"), pool)
        routes = [
            b for b in TOPOLOGY.bindings if (b.exchange, b.routing_key) == (message.exchange, message.routing_key)
        ]
        assert [route.queue for route in routes] == [pool]
        assert message.mandatory
        assert dead_queue(pool) in QUEUES


def test_a_fact_is_routed_by_its_name_without_version() -> None:
    message = fact(enclose(JobCancelling(job_id="j", project_id="p"), source="/x"), "orchestrator")
    assert (message.exchange, message.routing_key) == ("orchestrator.events", "job.cancelling")


def test_rights_name_only_things_that_exist() -> None:
    for rights in TOPOLOGY.rights:
        assert set(rights.publishes) | set(rights.subscribes) <= EXCHANGES
        assert set(rights.consumes) <= QUEUES


def test_every_call_is_for_people_or_for_named_services_and_no_call_for_both() -> None:
    of_services = [query for queries in CALLS_OF_SERVICES.values() for query in queries]
    assert len(set(of_services)) == len(of_services)
    assert {*of_services, *CALLS_OF_PEOPLE} == {call.query for call in CALLS}
    assert not set(of_services) & set(CALLS_OF_PEOPLE)


def test_only_the_orchestrator_may_give_commands() -> None:
    assert [r.user for r in TOPOLOGY.rights if "studio.commands" in r.publishes] == ["orchestrator"]


def test_an_unknown_queue_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        TOPOLOGY.queue("nowhere")


def test_adding_the_same_twice_changes_nothing() -> None:
    extra = Topology(queues=(Queue(name="x", kind=QueueKind.CLASSIC),))
    assert TOPOLOGY + extra + extra == TOPOLOGY + extra
    assert TOPOLOGY + TOPOLOGY == TOPOLOGY


def test_naming_a_message_loads_no_broker_library() -> None:
    check = (
        "import sys, shared.bus.outgoing, shared.bus.topology, shared.bus.context;"
        "sys.exit(str(sorted({'kombu', 'amqp', 'eventlet', 'nameko', 'sqlalchemy'} & set(sys.modules)))"
        " if {'kombu', 'amqp', 'eventlet', 'nameko', 'sqlalchemy'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False, capture_output=True).returncode == 0
