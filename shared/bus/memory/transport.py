"""The in-memory broker as a kombu transport: py-amqp's own client, with a wire in memory instead of a socket."""

# mypy: allow-untyped-calls
# (kombu and amqp are only partly annotated)

from __future__ import annotations

import weakref
from collections.abc import Callable
from struct import pack
from typing import Any

from amqp.basic_message import Message as Content
from kombu.transport import pyamqp

from shared.bus.memory.broker import Broker
from shared.bus.memory.brokers import broker_named
from shared.bus.memory.message import decode, encode
from shared.bus.memory.wire import Frame, Method, Wire

_METHOD_FRAME = 1  # frame type of AMQP 0-9-1

OnMethod = Callable[[int, Method, bytes, Content | None], None]


class MemoryConnection(pyamqp.Connection):
    """A client's connection; everything above the wire is py-amqp as it talks to RabbitMQ."""

    def __init__(self, broker: Broker, **options: Any) -> None:
        self._broker = broker
        super().__init__(frame_writer=_frame_writer, frame_handler=_frame_handler, **options)

    def Transport(self, *_: Any, **__: Any) -> Wire:
        wire = Wire(self._broker.lock, self._broker.accept)
        # A socket closes when it is thrown away.
        weakref.finalize(self, wire.abandon).atexit = False
        return wire

    def blocking_read(self, timeout: float | None = None) -> bool:
        self.on_inbound_frame(self.transport.read(timeout))
        return True


class Transport(pyamqp.Transport):
    """``memory://<name>/<virtual host>``; name and virtual host together choose the broker."""

    Connection = MemoryConnection
    driver_type = "memory"
    driver_name = "studiomatic"
    implements = pyamqp.Transport.implements.extend(asynchronous=False, heartbeats=False)

    def establish_connection(self) -> MemoryConnection:
        client: Any = self.client
        connection = MemoryConnection(
            broker_named(client.hostname, client.virtual_host),
            virtual_host=client.virtual_host,
            heartbeat=0,
            **client.transport_options or {},
        )
        connection.client = client
        connection.connect()
        return connection

    @property
    def default_connection_params(self) -> dict[str, Any]:
        return {}


def _frame_writer(_connection: MemoryConnection, wire: Wire) -> Callable[..., None]:
    def write_frame(
        frame_type: int, channel: int, method: Method, arguments: bytes, content: Content | None
    ) -> None:
        if frame_type != _METHOD_FRAME:
            raise ValueError(f"no frames of type {frame_type} in memory")
        payload = pack(">HH", *method) + (arguments or b"")
        wire.write(Frame(channel, method, payload, encode(content) if content else None))

    return write_frame


def _frame_handler(_connection: MemoryConnection, on_method: OnMethod) -> Callable[[Frame], None]:
    def read_frame(frame: Frame) -> None:
        content = decode(frame.content) if frame.content else None
        on_method(frame.channel, frame.method, frame.payload, content)

    return read_frame
