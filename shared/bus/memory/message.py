"""A message as the broker keeps it: bytes that nobody can change, decoded afresh by everyone who looks."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from dataclasses import dataclass
from struct import pack
from typing import Any

from amqp.basic_message import Message as Content
from amqp.exceptions import PreconditionFailed

from shared.bus.memory.wire import RawContent

_PERSISTENT = 2  # delivery mode of AMQP 0-9-1
HEADERS = "application_headers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a publisher sent.

    Attributes:
        persistent: Survives a restart of the broker in a durable queue.
        ttl_ms: The sender's own limit on waiting in a queue [ms].
    """

    raw: RawContent
    exchange: str
    routing_key: str
    persistent: bool
    ttl_ms: int | None


def store(raw: RawContent, exchange: str, routing_key: str) -> Message:
    """Keep what was published.

    Raises:
        amqp.exceptions.PreconditionFailed: The expiration is not a whole number of milliseconds.
    """
    properties = decode(raw).properties
    return Message(
        raw=raw,
        exchange=exchange,
        routing_key=routing_key,
        persistent=properties.get("delivery_mode") == _PERSISTENT,
        ttl_ms=_ttl_ms(properties.get("expiration")),
    )


def encode(content: Content) -> RawContent:
    """A client's message in wire format; text is encoded as amqp's own frame writer does it.

    Raises:
        amqp.exceptions.FrameSyntaxError: A header has a type that AMQP cannot carry.
    """
    body = content.body
    if isinstance(body, str):
        body = body.encode(content.properties.setdefault("content_encoding", "utf-8"))
    # The frame writer calls this method from another module too.
    properties = content._serialize_properties()
    return RawContent(pack(">HHQ", content.CLASS_ID, 0, len(body)) + properties, bytes(body))


def decode(raw: RawContent) -> Content:
    """A message as a client gets it; every call gives an object of its own."""
    content = Content()
    content.inbound_header(raw.header)
    if raw.body:
        content.inbound_body(raw.body)
    return content


def with_headers(raw: RawContent, headers: dict[str, Any]) -> RawContent:
    """The message with further headers."""
    content = decode(raw)
    content.properties.setdefault(HEADERS, {}).update(headers)
    return encode(content)


def _ttl_ms(expiration: str | None) -> int | None:
    if expiration is None:
        return None
    if not expiration.isdecimal():
        raise PreconditionFailed(f"PRECONDITION_FAILED - invalid expiration '{expiration}'")
    return int(expiration)
