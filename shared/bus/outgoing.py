"""A message on its way out: the envelope and where the broker shall take it.

Plain data, so that stores can put it into an outbox without knowing a broker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.contracts.envelope import Envelope

COMMANDS_EXCHANGE = "studio.commands"


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """One message and its delivery.

    Attributes:
        mandatory: A message that no queue takes is an error instead of a silent loss.
        persistent: Survives a restart of the broker.
        headers: Beside the body, for what must be read without decoding it (signatures).
    """

    envelope: Envelope
    exchange: str
    routing_key: str
    mandatory: bool
    persistent: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


def command(envelope: Envelope, pool: str) -> OutgoingMessage:
    """Address a command to a worker pool, e.g. ``renderer``."""
    return OutgoingMessage(envelope=envelope, exchange=COMMANDS_EXCHANGE, routing_key=pool, mandatory=True)


def fact(envelope: Envelope, service: str, *, mandatory: bool = False, persistent: bool = True) -> OutgoingMessage:
    """Address a fact to whoever listens to ``service``.

    Args:
        mandatory: Somebody must be listening; true for facts of attempts, which the orchestrator relies on.
        persistent: False for progress, which the next one replaces.
    """
    return OutgoingMessage(
        envelope=envelope,
        exchange=events_exchange(service),
        routing_key=fact_key(envelope.type),
        mandatory=mandatory,
        persistent=persistent,
    )


def events_exchange(service: str) -> str:
    """Name of the topic exchange of a service's facts; Nameko's naming, so that any Nameko program can listen."""
    return f"{service}.events"


def fact_key(message_type: str) -> str:
    """Routing key of a fact: its wire name without the version."""
    return message_type.rsplit(".v", 1)[0]
