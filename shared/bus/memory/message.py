"""A message as the broker keeps it: bytes that nobody can change, decoded afresh for every delivery."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import pack
from typing import Any

from amqp.basic_message import Message as Content
from amqp.exceptions import PreconditionFailed

_PERSISTENT = 2  # delivery mode of AMQP 0-9-1
HEADERS = "application_headers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a publisher sent.

    Attributes:
        header: AMQP content header: size of the body, then properties and headers.
        persistent: Survives a restart of the broker in a durable queue.
        ttl_ms: The sender's own limit on waiting in a queue [ms].
    """

    body: bytes
    header: bytes
    exchange: str
    routing_key: str
    persistent: bool
    ttl_ms: int | None

    def content(self, extra_headers: Mapping[str, Any] | None = None) -> Content:
        """Decode into what a client receives; every call gives an object of its own."""
        content = Content()
        content.inbound_header(self.header)
        content.body = self.body
        if extra_headers:
            content.properties.setdefault(HEADERS, {}).update(extra_headers)
        return content


def store(content: Content, exchange: str, routing_key: str) -> Message:
    """Keep what a client published.

    Raises:
        amqp.exceptions.FrameSyntaxError: A header has a type that AMQP cannot carry.
        amqp.exceptions.PreconditionFailed: The expiration is not a whole number of milliseconds.
    """
    body = _bytes_of(content)
    return Message(
        body=body,
        # amqp's own frame writer calls this method from another module too.
        header=pack(">HHQ", content.CLASS_ID, 0, len(body)) + content._serialize_properties(),
        exchange=exchange,
        routing_key=routing_key,
        persistent=content.properties.get("delivery_mode") == _PERSISTENT,
        ttl_ms=_ttl_ms(content.properties.get("expiration")),
    )


def _bytes_of(content: Content) -> bytes:
    """The body; text is encoded as amqp's frame writer does it."""
    body = content.body
    if isinstance(body, str):
        return body.encode(content.properties.setdefault("content_encoding", "utf-8"))
    return bytes(body)


def _ttl_ms(expiration: str | None) -> int | None:
    if expiration is None:
        return None
    if not expiration.isdecimal():
        raise PreconditionFailed(f"PRECONDITION_FAILED - invalid expiration '{expiration}'")
    return int(expiration)
