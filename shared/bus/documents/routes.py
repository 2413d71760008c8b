"""Which message travels where, and who may send and read it: the topology read together with the registry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.bus.outgoing import COMMANDS_EXCHANGE, events_exchange
from shared.bus.topology import DEAD_EXCHANGE, REPLIES_EXCHANGE, RPC_EXCHANGE, TOPOLOGY, Exchange
from shared.contracts.calls import CallFailed
from shared.contracts.message import Message, MessageKind
from shared.contracts.registry import ACCEPTED, CALLS, MESSAGES


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way through an exchange.

    Attributes:
        routing_key: None where it is the name of a queue that the reader declared.
        messages: Contracts of what travels there.
        publishers: Broker users that may send there.
        subscribers: Broker users that may bind queues of their own to it.
        queues: Durable queues that get a copy.
    """

    exchange: Exchange
    routing_key: str | None
    messages: tuple[type[Message], ...]
    publishers: tuple[str, ...]
    subscribers: tuple[str, ...]
    queues: tuple[str, ...]

    @property
    def name(self) -> str:
        """Unique among routes and queues."""
        return f"{self.exchange.name}.{self.routing_key}" if self.routing_key else self.exchange.name

    @property
    def is_of_events(self) -> bool:
        """Whether facts are published here first."""
        return bool(_facts_of(self.exchange.name))


def routes() -> list[Route]:
    """Every way a message can take, in the order of the topology."""
    return [_route(exchange, key) for exchange in TOPOLOGY.exchanges for key in _keys(exchange.name)]


def messages_of_queue(queue: str) -> tuple[type[Message], ...]:
    """Contracts of what a queue may hold."""
    names = {
        contract.type
        for binding in TOPOLOGY.bindings
        if binding.queue == queue
        for key in _keys(binding.exchange)
        if key is not None and _matches(binding.routing_key, key)
        for contract in _messages(binding.exchange, key)
    }
    return tuple(contract for name, contract in MESSAGES.items() if name in names)


def readers_of_queue(queue: str) -> tuple[str, ...]:
    """Broker users that may read a queue of the topology."""
    return tuple(rights.user for rights in TOPOLOGY.rights if queue in rights.consumes)


def _route(exchange: Exchange, key: str | None) -> Route:
    return Route(
        exchange=exchange,
        routing_key=key,
        messages=_messages(exchange.name, key),
        publishers=tuple(user.user for user in TOPOLOGY.rights if _allows(user.publishes, exchange.name, key)),
        subscribers=tuple(user.user for user in TOPOLOGY.rights if _allows(user.subscribes, exchange.name, key)),
        queues=tuple(
            dict.fromkeys(
                binding.queue
                for binding in TOPOLOGY.bindings
                if binding.exchange == exchange.name and key is not None and _matches(binding.routing_key, key)
            )
        ),
    )


def _keys(exchange: str) -> list[str | None]:
    """Routing keys that are used at an exchange; None when they are names of queues that come and go."""
    facts = _facts_of(exchange)
    if facts:
        return list(dict.fromkeys(fact.routing_key() for fact in facts))
    if exchange == RPC_EXCHANGE:
        return [call.query.routing_key() for call in CALLS]
    bound = [binding.routing_key for binding in TOPOLOGY.bindings if binding.exchange == exchange]
    return list(dict.fromkeys(bound)) or [None]


def _messages(exchange: str, key: str | None) -> tuple[type[Message], ...]:
    """Contracts of what travels through an exchange under a routing key."""
    if exchange == COMMANDS_EXCHANGE:
        return tuple(ACCEPTED[str(key)])
    if exchange == RPC_EXCHANGE:
        return tuple(call.query for call in CALLS if call.query.routing_key() == key)
    if exchange == REPLIES_EXCHANGE:
        return (*dict.fromkeys(call.reply for call in CALLS), CallFailed)
    if exchange == DEAD_EXCHANGE:
        return messages_of_queue(str(key))
    return tuple(fact for fact in _facts_of(exchange) if fact.routing_key() == key)


def _facts_of(exchange: str) -> list[type[Message]]:
    """Facts that somebody may publish at an exchange of events."""
    patterns = [
        rights.publishes[exchange]
        for rights in TOPOLOGY.rights
        if exchange == events_exchange(rights.user) and exchange in rights.publishes
    ]
    return [
        contract
        for contract in MESSAGES.values()
        if contract.kind is MessageKind.FACT
        and any(re.search(pattern or "", contract.routing_key()) for pattern in patterns)
    ]


def _allows(allowed: Mapping[str, str | None], exchange: str, key: str | None) -> bool:
    """Whether a row of the table of rights covers a routing key; no pattern covers all."""
    return exchange in allowed and bool(re.search(allowed[exchange] or "", key or ""))


def _matches(pattern: str, key: str) -> bool:
    """Whether a binding takes a routing key, as AMQP 0-9-1 says for topic exchanges (no ``#`` is used)."""
    words, wanted = key.split("."), pattern.split(".")
    return len(words) == len(wanted) and all(want in ("*", word) for want, word in zip(wanted, words, strict=True))
