"""Remote calls over a link: many at a time, each with a deadline, each repeated when the connection was lost.

A call may therefore be carried out twice, so every call is idempotent or carries a key.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import pika

from shared.bus.errors import RpcTimeoutError, UnroutableError
from shared.bus.topology import REPLIES_EXCHANGE, RPC_EXCHANGE, OwnQueue, own_queue_prefix
from shared.bus.trace import new_traceparent
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed, error_from
from shared.contracts.envelope import CONTENT_TYPE, MAX_BODY_BYTES, Envelope, decode, enclose, read
from shared.contracts.message import Query, Reply
from shared.errors import BrokerUnavailableError, InvalidInputError, InvalidMessageError, StudiomaticError
from shared.ids import new_id
from studiomatic.client.channel import Fate, LiveChannel
from studiomatic.client.errors import ClientClosedError
from studiomatic.client.link import Link

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Reply)

_CHECK_CLOSED_S = 0.5


@dataclass(kw_only=True)
class _Call:
    """A call under way."""

    service: str
    routing_key: str
    message_id: str
    body: bytes
    deadline: float
    settled: threading.Event = field(default_factory=threading.Event)
    answer: Envelope | None = None
    error: StudiomaticError | None = None

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def settle(self, *, answer: Envelope | None = None, error: StudiomaticError | None = None) -> None:
        self.answer, self.error = answer, error
        self.settled.set()


class Calls:
    """Makes the calls of one client; to be made before the link starts."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._under_way: dict[str, _Call] = {}
        self._guard = threading.Lock()
        self._reply_queue = ""
        link.on_open(setup=self._set_up, resume=self._resume)

    def ask(self, service: str, query: Query, reply: type[R], *, account_id: str, timeout_s: float) -> R:
        """Ask a service and wait for its answer.

        Raises:
            InvalidInputError: The request is too large for a message; nothing was sent.
            RpcTimeoutError: The service did not answer in time; whether it did the work is unknown.
            UnroutableError: The broker knows no such service.
            BrokerUnavailableError: The broker was away until the deadline.
            NotFoundError, ConflictError, …: What the service answered, as our own class where it has one.
        """
        call = _new_call(service, query, source=f"/studiomatic/{self._link.address.user}", account_id=account_id)
        call.deadline = time.monotonic() + timeout_s
        answer = self._outcome(call)
        if answer.type == CallFailed.type:
            raise error_from(read(answer, CallFailed).error)
        return read(answer, reply)

    def _outcome(self, call: _Call) -> Envelope:
        with self._guard:
            self._under_way[call.message_id] = call
        try:
            self._link.submit(lambda channel: self._send(call, channel))
            while not call.settled.wait(min(max(call.seconds_left(), 0), _CHECK_CLOSED_S)):
                self._require_hope(call)
        finally:
            with self._guard:
                del self._under_way[call.message_id]
        if call.answer is None:
            raise call.error or BrokerUnavailableError
        return call.answer

    def _require_hope(self, call: _Call) -> None:
        if self._link.closed:
            raise ClientClosedError
        if call.seconds_left() <= 0:
            trouble = self._link.trouble
            if trouble is not None:
                raise trouble
            raise RpcTimeoutError(f"{call.service} did not answer in time; check that it runs and try again")

    # In the link's thread

    def _set_up(self, channel: LiveChannel) -> None:
        self._reply_queue = own_queue_prefix(OwnQueue.REPLIES, self._link.address.user) + new_id()
        channel.amqp.queue_declare(self._reply_queue, exclusive=True, auto_delete=True)
        channel.amqp.queue_bind(self._reply_queue, REPLIES_EXCHANGE, routing_key=self._reply_queue)
        channel.amqp.basic_consume(self._reply_queue, self._on_reply, auto_ack=True, exclusive=True)

    def _resume(self, channel: LiveChannel) -> None:
        """Repeat what was not answered over the connection before."""
        with self._guard:
            waiting = list(self._under_way.values())
        for call in waiting:
            self._send(call, channel)

    def _send(self, call: _Call, channel: LiveChannel) -> None:
        milliseconds = int(call.seconds_left() * 1000)
        if milliseconds <= 0 or call.settled.is_set():
            return
        properties = pika.BasicProperties(
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            headers={TIMEOUT_HEADER: milliseconds},
            delivery_mode=pika.DeliveryMode.Transient.value,
            message_id=call.message_id,
            correlation_id=call.message_id,
            reply_to=self._reply_queue,
            expiration=str(milliseconds),
        )
        channel.publish(RPC_EXCHANGE, call.routing_key, call.body, properties, partial(_confirm, call))

    def _on_reply(self, _channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
        try:
            answer = decode(body)
        except InvalidMessageError as error:
            log.warning("reply_unreadable: %s", error.message)
            return
        with self._guard:
            call = self._under_way.get(answer.causationid or "")
        if call is not None:
            call.settle(answer=answer)


def _confirm(call: _Call, fate: Fate) -> None:
    """A call that was taken is now the service's to answer."""
    match fate:
        case Fate.UNROUTABLE:
            call.settle(error=UnroutableError(f"the broker has no queue for calls of {call.service}"))
        case Fate.REFUSED:
            call.settle(error=BrokerUnavailableError(f"the broker did not take a call of {call.service}"))


def _new_call(service: str, query: Query, *, source: str, account_id: str) -> _Call:
    envelope = enclose(query, source=source, account_id=account_id, traceparent=new_traceparent())
    try:
        body = envelope.encode()
    except InvalidMessageError:
        raise InvalidInputError(
            f"this request is larger than the {MAX_BODY_BYTES // 1024} KiB that a message may have;"
            " shorten its texts, or split the project"
        ) from None
    return _Call(service=service, routing_key=query.routing_key(), message_id=envelope.id, body=body, deadline=0.0)
