"""What the broker allows each user, call by call and line by line, against the real RabbitMQ.

The lines are those of the threat model's table of broker facts: who may ask what, nobody overhears, nobody forges,
nobody launders. What a broker cannot refuse (an answer to another's question) is refused by signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, PreconditionFailed
from kombu.connection import Connection

from shared.bus.outgoing import events_exchange
from shared.bus.topology import (
    CALLS_OF_PEOPLE,
    CALLS_OF_SERVICES,
    REPLIES_EXCHANGE,
    RPC_EXCHANGE,
    TOPOLOGY,
    OwnQueue,
    own_queue_prefix,
    rpc_queue,
)
from shared.contracts.message import MessageKind
from shared.contracts.registry import CALLS, MESSAGES

UrlOf = Callable[[str], str]
RIGHTS = {rights.user: rights for rights in TOPOLOGY.rights}
USERS = tuple(RIGHTS)
SERVICES = ("auth", "keyvault", "gdpr", "orchestrator", "content")
EVERY_USER = pytest.mark.parametrize("user", USERS)
WITH_OWN_QUEUES = pytest.mark.parametrize("user", [user for user in USERS if RIGHTS[user].own_queues])


class User:
    """A connection of one user; each act has a channel of its own, because a refusal closes it."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self.name = name

    def refused(self, act: Callable[[Any], object]) -> bool:
        """Whether the broker forbids it (403)."""
        channel = self._connection.channel()
        try:
            act(channel)
        except AccessRefused:
            return True
        channel.close()
        return False

    def own_queue(self) -> str:
        kinds = RIGHTS[self.name].own_queues
        return own_queue_prefix(kinds[0], self.name) + "matrix"


@pytest.fixture
def as_user(url_of: UrlOf) -> Callable[[str], Any]:
    @contextmanager
    def connect(name: str) -> Iterator[User]:
        with Connection(url_of(name), transport_options={"confirm_publish": True}) as connection:
            yield User(connection, name)

    return connect


def publish(exchange: str, key: str, **properties: Any) -> Callable[[Any], object]:
    def act(channel: Any) -> None:
        channel.basic_publish(
            channel.prepare_message(b"x", properties=properties), exchange=exchange, routing_key=key
        )

    return act


def bind(user: User, exchange: str, key: str) -> Callable[[Any], object]:
    def act(channel: Any) -> None:
        channel.queue_declare(user.own_queue(), exclusive=True)
        channel.queue_bind(user.own_queue(), exchange, key)

    return act


@EVERY_USER
def test_each_user_makes_its_own_calls_and_no_other(as_user: Any, user: str) -> None:
    """``content``: keyvault.deliver allowed, keyvault.rotate 403; and so on for every call of every user."""
    own = CALLS_OF_PEOPLE if user == "edge" else CALLS_OF_SERVICES.get(user, ())
    with as_user(user) as connected:
        allowed = {
            call.query for call in CALLS if not connected.refused(publish(RPC_EXCHANGE, call.query.routing_key()))
        }
    assert allowed == set(own)


@WITH_OWN_QUEUES
def test_nobody_overhears_calls(as_user: Any, user: str) -> None:
    with as_user(user) as connected:
        for key in ("keyvault.*", "keyvault.deliver_key", "auth.log_in", "#", "*", "*.*"):
            assert connected.refused(bind(connected, RPC_EXCHANGE, key)), key


@EVERY_USER
def test_facts_are_published_by_their_owner_only(as_user: Any, user: str) -> None:
    facts = [contract.routing_key() for contract in MESSAGES.values() if contract.kind is MessageKind.FACT]
    with as_user(user) as connected:
        for exchange in (each.name for each in TOPOLOGY.exchanges if each.name.endswith(".events")):
            for key in facts:
                if not connected.refused(publish(exchange, key)):
                    assert exchange == events_exchange(user), key


@EVERY_USER
def test_nobody_gets_past_the_exchanges_or_at_the_queues_of_others(as_user: Any, user: str) -> None:
    with as_user(user) as connected:
        for service in SERVICES:
            queue = rpc_queue(service)
            assert connected.refused(publish("", queue))
            if service != user:
                assert connected.refused(lambda channel, queue=queue: channel.basic_get(queue))
                assert connected.refused(lambda channel, queue=queue: channel.queue_purge(queue))
                assert connected.refused(lambda channel, queue=queue: channel.queue_delete(queue))


@WITH_OWN_QUEUES
def test_nobody_reads_what_the_broker_traces(as_user: Any, user: str) -> None:
    with as_user(user) as connected:
        assert connected.refused(bind(connected, "amq.rabbitmq.trace", "#"))


@WITH_OWN_QUEUES
def test_dead_letters_of_an_own_queue_launder_nothing(as_user: Any, user: str) -> None:
    """A queue whose dead letters go to another's exchange would publish there without the right to."""
    with as_user(user) as connected:
        for exchange in ("auth.events", "keyvault.events", RPC_EXCHANGE):
            if exchange in RIGHTS[user].publishes:
                continue

            def declare(channel: Any, exchange: str = exchange) -> None:
                arguments = {"x-dead-letter-exchange": exchange}
                channel.queue_declare(connected.own_queue(), exclusive=True, arguments=arguments)

            assert connected.refused(declare), exchange


def test_nobody_claims_to_be_another_user(as_user: Any) -> None:
    """``user_id`` of AMQP: the broker checks it where it is there; who must be known signs, so it need not be."""
    with as_user("content") as connected:
        key = "keyvault.deliver_key"
        with pytest.raises(PreconditionFailed):
            connected.refused(publish(RPC_EXCHANGE, key, user_id="auth"))
    with as_user("content") as connected:
        assert not connected.refused(publish(RPC_EXCHANGE, key, user_id="content"))
        assert not connected.refused(publish(RPC_EXCHANGE, key))


def test_an_answer_to_anybody_can_be_sent_by_whoever_answers_so_answers_are_signed(as_user: Any) -> None:
    """The refusal of a forged one: tests/unit/bus/test_protected_calls.py."""
    address = own_queue_prefix(OwnQueue.REPLIES, "auth") + "of-a-call"
    for user in USERS:
        with as_user(user) as connected:
            forbidden = connected.refused(publish(REPLIES_EXCHANGE, address))
            assert forbidden is (REPLIES_EXCHANGE not in RIGHTS[user].publishes)
    assert REPLIES_EXCHANGE not in RIGHTS["edge"].publishes
    assert REPLIES_EXCHANGE not in RIGHTS["renderer"].publishes


@WITH_OWN_QUEUES
def test_facts_are_subscribed_to_by_name_and_never_all(as_user: Any, user: str) -> None:
    with as_user(user) as connected:
        for exchange in (each.name for each in TOPOLOGY.exchanges if each.name.endswith(".events")):
            assert connected.refused(bind(connected, exchange, "#")), exchange
            if exchange not in RIGHTS[user].subscribes:
                assert connected.refused(bind(connected, exchange, "session.revoked")), exchange


@EVERY_USER
def test_exchanges_belong_to_the_administrator(as_user: Any, user: str) -> None:
    """Nameko would declare them; ours are declared ahead, and services run without that right."""
    with as_user(user) as connected:
        for exchange in TOPOLOGY.exchanges:

            def declare(channel: Any, exchange: Any = exchange) -> None:
                channel.exchange_declare(exchange.name, exchange.kind.value, durable=True, auto_delete=False)

            assert connected.refused(declare)
            assert connected.refused(lambda channel, name=exchange.name: channel.exchange_delete(name))


def test_keyvault_declares_nothing_at_all(as_user: Any) -> None:
    with as_user("keyvault") as connected:
        for queue in ("replies.keyvault.x", "control.keyvault.x", "x"):
            assert connected.refused(lambda channel, queue=queue: channel.queue_declare(queue, exclusive=True))
