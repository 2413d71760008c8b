"""Queue arguments: read, checked and compared as RabbitMQ does it."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import AMQPNotImplementedError, PreconditionFailed

_COMPARED = (
    "x-queue-type",
    "x-message-ttl",
    "x-expires",
    "x-max-length",
    "x-overflow",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-dead-letter-strategy",
    "x-delivery-limit",
    "x-single-active-consumer",
)
_UNSUPPORTED = ("x-max-priority", "x-max-length-bytes")
"""RabbitMQ obeys them, this broker does not: refused, so that nobody relies on them."""


@dataclass(frozen=True, kw_only=True)
class QueueArguments:
    """What a queue was told at its declaration; absent arguments are None or false.

    Attributes:
        reject_publish: A full queue refuses new messages instead of dropping the oldest.
        at_least_once: A dead letter stays until some queue takes it.
        delivery_limit: Returns of a message before it is dead-lettered; the first delivery does not count.
    """

    quorum: bool
    message_ttl_ms: int | None
    expires_ms: int | None
    max_length: int | None
    reject_publish: bool
    dead_letter_exchange: str | None
    dead_letter_routing_key: str | None
    at_least_once: bool
    delivery_limit: int | None
    single_active_consumer: bool


def read(queue: str, table: Mapping[str, Any]) -> QueueArguments:
    """Check the arguments of a declaration; unknown ones are ignored, as RabbitMQ does.

    Raises:
        amqp.exceptions.PreconditionFailed: A value is not usable.
        amqp.exceptions.AMQPNotImplementedError: RabbitMQ would obey it, this broker cannot.
    """
    for name in _UNSUPPORTED:
        if name in table:
            raise AMQPNotImplementedError(f"NOT_IMPLEMENTED - {name} in the in-memory broker")
    quorum = _choice(queue, table, "x-queue-type", ("classic", "quorum")) == "quorum"
    overflow = _choice(queue, table, "x-overflow", ("drop-head", "reject-publish"))
    strategy = _choice(queue, table, "x-dead-letter-strategy", ("at-most-once", "at-least-once"))
    return QueueArguments(
        quorum=quorum,
        message_ttl_ms=_number(queue, table, "x-message-ttl", least=0),
        expires_ms=_number(queue, table, "x-expires", least=1),
        max_length=_number(queue, table, "x-max-length", least=0),
        reject_publish=overflow == "reject-publish",
        dead_letter_exchange=table.get("x-dead-letter-exchange"),
        dead_letter_routing_key=table.get("x-dead-letter-routing-key"),
        # RabbitMQ silently falls back to at-most-once unless the queue refuses when it is full.
        at_least_once=quorum and strategy == "at-least-once" and overflow == "reject-publish",
        delivery_limit=_number(queue, table, "x-delivery-limit", least=0) if quorum else None,
        single_active_consumer=bool(table.get("x-single-active-consumer", False)),
    )


def require_equal(queue: str, current: Mapping[str, Any], received: Mapping[str, Any]) -> None:
    """Check that a second declaration means the same.

    Raises:
        amqp.exceptions.PreconditionFailed: It does not; the first one stands.
    """
    for name in _COMPARED:
        default = "classic" if name == "x-queue-type" else None
        have, want = current.get(name, default), received.get(name, default)
        if have != want:
            raise inequivalent(name, f"queue '{queue}'", have, want)


def inequivalent(argument: str, thing: str, current: object, received: object) -> PreconditionFailed:
    """The error of a second declaration that differs from the first."""
    return PreconditionFailed(
        f"PRECONDITION_FAILED - inequivalent arg '{argument}' for {thing} in vhost '/': "
        f"received {_shown(received)} but current is {_shown(current)}"
    )


def _shown(value: object) -> str:
    return "none" if value is None else f"'{str(value).lower() if isinstance(value, bool) else value}'"


def _number(queue: str, table: Mapping[str, Any], name: str, *, least: int) -> int | None:
    value = table.get(name)
    if value is not None and (not isinstance(value, int) or value < least):
        raise _invalid(queue, name, value)
    return value


def _choice(queue: str, table: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    """The value; the first choice is the default."""
    value = table.get(name, choices[0])
    if value not in choices:
        raise _invalid(queue, name, value)
    return str(value)


def _invalid(queue: str, name: str, value: object) -> PreconditionFailed:
    return PreconditionFailed(
        f"PRECONDITION_FAILED - invalid arg '{name}' for queue '{queue}' in vhost '/': {value!r}"
    )
