"""The broker's side of one client connection: handshake, channels, closing, alarms."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any

from amqp import spec
from amqp.exceptions import AMQPError, ChannelError, ConnectionForced

from shared.bus.memory.channel import BrokerChannel
from shared.bus.memory.methods import decode, encode
from shared.bus.memory.wire import Frame, Method, RawContent, Wire

if TYPE_CHECKING:
    from shared.bus.memory.broker import Broker

_CAPABILITIES = {
    "publisher_confirms": True,
    "basic.nack": True,
    "consumer_cancel_notify": True,
    "connection.blocked": True,
}
_PROPERTIES = {"product": "Studiomatic in-memory broker", "capabilities": _CAPABILITIES}
_MECHANISMS = "PLAIN AMQPLAIN EXTERNAL"
_CHANNEL_MAX, _FRAME_MAX = 2047, 131072  # as RabbitMQ offers them
_NO_HEARTBEAT = 0
"""Nothing can be lost silently inside one process."""


class _State(Enum):
    """Where the life of a connection stands."""

    OPEN = "open"  # methods are carried out
    CLOSING = "closing"  # the broker closed it; everything but the client's farewell is ignored
    OVER = "over"  # nobody is there


class Session:
    """One connection; all methods are called with the broker's lock held."""

    def __init__(self, broker: Broker, wire: Wire) -> None:
        self.broker = broker
        self.wire = wire
        self._state = _State.OPEN
        self._channels: dict[int, BrokerChannel] = {}
        self._held: deque[Frame] | None = None
        self.send(0, spec.Connection.Start, 0, 9, _PROPERTIES, _MECHANISMS, "en_US")

    def send(self, channel: int, method: Method, *arguments: Any, content: RawContent | None = None) -> None:
        """Send a method to the client."""
        self.wire.push(Frame(channel, method, encode(method, *arguments), content))

    def receive(self, frame: Frame) -> None:
        """Deal with what the client sent, or keep it until an alarm is over."""
        if self._held is None and frame.method == spec.Basic.Publish and self.broker.alarm is not None:
            self._hold(self.broker.alarm)
        if self._held is None:
            self._deal(frame)
        else:
            self._held.append(frame)

    def lost(self) -> None:
        """The client hung up."""
        self._end()

    def force_close(self, reason: str) -> None:
        """Close the connection and tell the client."""
        if self._state is _State.OPEN:
            self._close_with(ConnectionForced(reason), (0, 0))

    def drop(self) -> None:
        """Close the connection without a word."""
        self._end()
        self.wire.hang_up()

    def alarm_cleared(self) -> None:
        """Deal with what came during the alarm."""
        if self._held is None:
            return
        held, self._held = self._held, None
        self.send(0, spec.Connection.Unblocked)
        for frame in held:
            self.receive(frame)

    def _hold(self, alarm: str) -> None:
        """Deal with nothing more until the alarm is over: RabbitMQ stops reading when a client publishes."""
        if self._state is _State.OPEN:
            self._held = deque()
            self.send(0, spec.Connection.Blocked, alarm)

    def _deal(self, frame: Frame) -> None:
        if self._state is _State.CLOSING:
            if frame.method == spec.Connection.CloseOk:
                self._state = _State.OVER
                self.wire.hang_up()
            return
        try:
            self._carry_out(frame)
        except ChannelError as error:
            self._channels[frame.channel].close_with(error, frame.method)
        except AMQPError as error:
            self._close_with(error, frame.method)

    def _carry_out(self, frame: Frame) -> None:
        arguments = decode(frame.method, frame.payload)
        if frame.channel == 0:
            self._on_connection_method(frame.method)
        elif frame.method == spec.Channel.Open:
            self._channels[frame.channel] = BrokerChannel(self, frame.channel)
            self.send(frame.channel, spec.Channel.OpenOk, "")
        elif frame.method in (spec.Channel.Close, spec.Channel.CloseOk):
            self._forget_channel(frame.channel, answer=frame.method == spec.Channel.Close)
        elif frame.channel in self._channels:
            self._channels[frame.channel].carry_out(frame.method, arguments, frame.content)

    def _on_connection_method(self, method: Method) -> None:
        if method == spec.Connection.StartOk:
            self.send(0, spec.Connection.Tune, _CHANNEL_MAX, _FRAME_MAX, _NO_HEARTBEAT)
        elif method == spec.Connection.Open:
            self.send(0, spec.Connection.OpenOk, "")
        elif method == spec.Connection.Close:
            self._end()
            self.send(0, spec.Connection.CloseOk)
            self.wire.hang_up()

    def _forget_channel(self, number: int, *, answer: bool) -> None:
        channel = self._channels.pop(number, None)
        if channel is not None:
            channel.close()
        if answer:
            self.send(number, spec.Channel.CloseOk)

    def _close_with(self, error: AMQPError, method: Method) -> None:
        self._end()
        self._state = _State.CLOSING
        self.send(0, spec.Connection.Close, error.code, error.reply_text, *method)

    def _end(self) -> None:
        """Give back what the client holds and forget it."""
        if self._state is not _State.OPEN:
            self._state = _State.OVER
            return
        self._state = _State.OVER
        self._held = None
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self.broker.forget(self)
