"""Sends replies of remote calls: no confirm, because the caller's deadline is the confirm.

A confirm for each reply would cost a third of the calls per second (``python -m benchmarks.bus``).
"""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

import threading
from typing import Any

from shared.bus.connection import broker_connection, connect, connection_errors, hang_up
from shared.bus.parcel import Parcel
from shared.bus.topology import REPLIES_EXCHANGE
from shared.contracts.envelope import CONTENT_TYPE
from shared.errors import BrokerUnavailableError

SEND_TIMEOUT_S = 5.0
"""A broker that blocks publishers stops reading; then no reply is worth more time than this."""


class ReplySender:
    """A connection for replies; opened at the first and again after a loss."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._errors = connection_errors(broker_connection(url))
        self._turn = threading.Lock()
        self._wire: Any = None
        self._channel: Any = None

    def send(self, reply: Parcel, address: str) -> None:
        """Send a reply to the caller's queue; one that is gone by now is no error.

        Raises:
            BrokerUnavailableError: There is no broker.
        """
        with self._turn:
            try:
                self._send(reply, address)
            except self._errors:
                self._send_again(reply, address)

    def close(self) -> None:
        """Close the connection."""
        with self._turn:
            self._drop()

    def _send_again(self, reply: Parcel, address: str) -> None:
        """Try once more on a new connection: the old one may have been lost long ago."""
        self._drop()
        try:
            self._send(reply, address)
        except self._errors as error:
            self._drop()
            raise BrokerUnavailableError(f"the reply was not sent: {type(error).__name__}") from error

    def _send(self, reply: Parcel, address: str) -> None:
        if self._channel is None:
            connection = broker_connection(self._url)
            self._wire = connect(connection)
            self._channel = connection.channel()
        message = self._channel.prepare_message(
            reply.body,
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            headers=dict(reply.headers),
            properties={
                "delivery_mode": 1,
                "message_id": reply.envelope.id,
                "correlation_id": reply.envelope.causationid or "",
            },
        )
        self._channel.basic_publish(
            message, exchange=REPLIES_EXCHANGE, routing_key=address, timeout=SEND_TIMEOUT_S
        )

    def _drop(self) -> None:
        if self._wire is not None:
            hang_up(self._wire)
        self._wire = self._channel = None
