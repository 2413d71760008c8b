"""One message as a broker handed it over, answered exactly once and never by an exception."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import structlog
from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError
from kombu.message import Message

log = structlog.get_logger(__name__)

_GONE = (AMQPError, KombuError, OSError)
"""Answers that come too late: the broker has taken the message back and delivers it again."""

DELIVERY_COUNT_HEADER = "x-delivery-count"


class Delivery(Protocol):
    """A message that waits for its answer."""

    @property
    def body(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, object]: ...

    @property
    def route(self) -> tuple[str, str]:
        """Exchange and routing key by which it came."""
        ...

    @property
    def delivery_count(self) -> int:
        """How often it was delivered before this time."""
        ...

    def ack(self) -> None:
        """It is dealt with; the broker may forget it."""
        ...

    def requeue(self) -> None:
        """Somebody else, or we later, shall have it."""
        ...

    def dead_letter(self) -> None:
        """It can never be handled; set it aside."""
        ...


class BrokerDelivery:
    """A delivery from a broker.

    A lost connection makes every answer void without harm: the broker delivers the message again, and
    :class:`shared.bus.inflight.InFlight` recognises it. Nameko lets such an error kill the whole container.
    """

    def __init__(self, message: Message) -> None:
        self._message = message

    @property
    def body(self) -> bytes:
        body = self._message.body
        return body.encode() if isinstance(body, str) else bytes(body)

    @property
    def headers(self) -> dict[str, object]:
        return dict(self._message.headers or {})

    @property
    def route(self) -> tuple[str, str]:
        info = self._message.delivery_info
        return str(info.get("exchange", "")), str(info.get("routing_key", ""))

    @property
    def properties(self) -> dict[str, object]:
        return dict(self._message.properties or {})

    @property
    def delivery_count(self) -> int:
        count = self.headers.get(DELIVERY_COUNT_HEADER, 0)
        return count if isinstance(count, int) else 0

    def ack(self) -> None:
        try:
            self._message.ack()
        except _GONE:
            log.info("answer_void", answer="ack")

    def requeue(self) -> None:
        try:
            self._message.requeue()
        except _GONE:
            log.info("answer_void", answer="requeue")

    def dead_letter(self) -> None:
        try:
            self._message.reject(requeue=False)
        except _GONE:
            log.info("answer_void", answer="dead_letter")
