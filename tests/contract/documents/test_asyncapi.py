"""The AsyncAPI document is one, and says all there is on the bus and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from shared.bus.topology import TOPOLOGY
from shared.contracts.message import MessageKind
from shared.contracts.registry import CALLS, MESSAGES

OFFICIAL = Path(__file__).parent / "asyncapi" / "3.0.0.json"


@pytest.fixture(scope="module")
def document(documents: dict[str, str]) -> Any:
    return json.loads(documents["asyncapi.json"])


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


def test_it_is_a_document_of_asyncapi_3(document: Any, official: Draft7Validator) -> None:
    assert [error.message for error in official.iter_errors(document)] == []


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda document: document.pop("info"), id="no info"),
        pytest.param(lambda document: document["servers"]["broker"].pop("protocol"), id="no protocol"),
        pytest.param(
            lambda document: next(iter(document["operations"].values())).update(action="do"), id="action"
        ),
        pytest.param(
            lambda document: next(iter(document["channels"].values())).update(queue="x"), id="unknown field"
        ),
    ],
)
def test_the_official_schema_refuses_what_is_none(document: Any, official: Draft7Validator, spoil: Any) -> None:
    spoilt = json.loads(json.dumps(document))
    spoil(spoilt)

    assert not official.is_valid(spoilt)


def test_every_reference_leads_to_something(document: Any) -> None:
    for reference in references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, f"{reference} leads nowhere"
            place = place[step]


def test_it_has_every_message_and_no_other(document: Any) -> None:
    travelling = {name for channel in document["channels"].values() for name in channel["messages"]}

    assert set(document["components"]["messages"]) == set(MESSAGES)
    assert travelling == set(MESSAGES)


def test_it_has_every_exchange_and_queue_of_the_topology_and_no_other(document: Any) -> None:
    bindings = [channel["bindings"]["amqp"] for channel in document["channels"].values()]

    exchanges = {(each["exchange"]["name"], each["exchange"]["type"]) for each in bindings if "exchange" in each}
    queues = {each["queue"]["name"] for each in bindings if "queue" in each}

    assert exchanges == {(exchange.name, exchange.kind.value) for exchange in TOPOLOGY.exchanges}
    assert queues == {queue.name for queue in TOPOLOGY.queues}


def test_every_binding_of_the_topology_is_named(document: Any) -> None:
    named = {
        (bound["exchange"], channel["address"], bound["routing-key"])
        for channel in document["channels"].values()
        for bound in channel.get("x-bound-to", ())
    }

    assert named == {(each.exchange, each.queue, each.routing_key) for each in TOPOLOGY.bindings}


def test_it_names_no_user_that_the_topology_does_not(document: Any) -> None:
    kinds = ("x-may-publish", "x-may-subscribe", "x-may-read")
    named = {user for channel in document["channels"].values() for kind in kinds for user in channel.get(kind, ())}

    assert named == {rights.user for rights in TOPOLOGY.rights}


@pytest.mark.parametrize(
    ("channel", "publishers", "subscribers"),
    [
        ("orchestrator.events.job.succeeded", ["orchestrator"], ["edge"]),
        ("orchestrator.events.job.cancelling", ["orchestrator"], ["content", "renderer", "edge"]),
        ("renderer.events.attempt.started", ["renderer"], []),
        ("studio.commands.renderer", ["orchestrator"], []),
        ("studio.rpc.content.get_project", ["edge"], []),
        ("studio.rpc.content.get_outline", ["orchestrator"], []),
        ("studio.rpc.orchestrator.submit_job", ["edge"], []),
        ("studio.rpc.keyvault.deliver_key", ["content"], []),
        ("studio.rpc.keyvault.check_totp", ["auth"], []),
        ("studio.rpc.keyvault.rotate_keyring", ["edge"], []),
        (
            "studio.replies",
            ["orchestrator", "content", "auth", "keyvault", "gdpr"],
            ["orchestrator", "content", "auth", "gdpr", "edge"],
        ),
        ("studio.dead.renderer", [], []),
    ],
)
def test_it_says_who_may_publish_and_who_may_listen(
    document: Any, channel: str, publishers: list[str], subscribers: list[str]
) -> None:
    described = document["channels"][channel]

    assert (described["x-may-publish"], described["x-may-subscribe"]) == (publishers, subscribers)


@pytest.mark.parametrize(
    ("name", "protection", "headers"),
    [
        ("session.revoked.v1", "signed", {"kid", "sig", "exchange", "routing-key"}),
        ("keyvault.deliver_key.v1", "signed", {"kid", "sig", "exchange", "routing-key", "reply_to"}),
        ("keyvault.key_delivered.v1", "signed", {"kid", "sig"}),
        ("auth.log_in.v1", "sealed", {"kid", "sig", "exchange", "routing-key", "reply_to"}),
        ("auth.login_answer.v1", "sealed", {"kid", "sig"}),
        ("orchestrator.get_job.v1", "none", {"reply_to"}),
    ],
)
def test_it_says_which_messages_are_signed_and_sealed(
    document: Any, name: str, protection: str, headers: set[str]
) -> None:
    message = document["components"]["messages"][name]

    assert message["x-protection"] == protection
    assert set(message["headers"]["required"]) == headers


def test_every_reply_belongs_to_questions_of_one_protection() -> None:
    """Else nobody could say of it how it is protected."""
    kinds: dict[str, set[str]] = {}
    for call in CALLS:
        kinds.setdefault(call.reply.type, set()).add(call.query.protection)

    assert {name for name, each in kinds.items() if len(each) > 1} == set()


def test_a_dead_letter_queue_may_hold_what_its_queue_held(document: Any) -> None:
    channels = document["channels"]

    assert channels["queue.renderer.dead"]["messages"] == channels["queue.renderer"]["messages"]
    assert set(channels["queue.orchestrator.progress"]["messages"]) == {"attempt.progressed.v1"}


def test_every_call_has_its_reply_and_may_fail(document: Any) -> None:
    for call in CALLS:
        operation = document["operations"][f"answer.{call.query.routing_key()}"]
        assert names(operation["messages"]) == [call.query.type]
        assert names(operation["reply"]["messages"]) == [call.reply.type, "bus.call_failed.v1"]


def test_every_fact_and_command_is_sent(document: Any) -> None:
    sent = {
        name
        for operation in document["operations"].values()
        if operation["action"] == "send"
        for name in names(operation["messages"])
    }

    kinds = (MessageKind.COMMAND, MessageKind.FACT)
    assert sent == {name for name, contract in MESSAGES.items() if contract.kind in kinds}


def names(messages: list[dict[str, str]]) -> list[str]:
    return [message["$ref"].rsplit("/", 1)[1] for message in messages]


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [reference for each in part for reference in references(each)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [reference for each in part.values() for reference in references(each)]
