"""Remote calls over a link: many at a time, each with a deadline, each repeated when the connection was lost.

A call may therefore be carried out twice, so every call is idempotent or carries a key. Protected calls are signed
and sealed as they are for services (`shared.bus.questions`).
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
from shared.bus.questions import Asking, Question, new_question
from shared.bus.topology import REPLIES_EXCHANGE, RPC_EXCHANGE, OwnQueue, own_queue_prefix
from shared.bus.trace import new_traceparent
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed, error_from
from shared.contracts.envelope import CONTENT_TYPE, MAX_BODY_BYTES, Envelope, decode, read
from shared.contracts.message import Query, Reply
from shared.errors import BrokerUnavailableError, InvalidInputError, InvalidMessageError, StudiomaticError
from shared.ids import new_id
from shared.service_keys import ServiceKeys
from studiomatic.client.channel import Fate, LiveChannel
from studiomatic.client.errors import ClientClosedError
from studiomatic.client.link import Link

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Reply)

_CHECK_CLOSED_S = 0.5


@dataclass(kw_only=True)
class _Call:
    """A call under way."""

    question: Question
    deadline: float
    refused: str = ""
    settled: threading.Event = field(default_factory=threading.Event)
    answer: Envelope | None = None
    error: StudiomaticError | None = None

    @property
    def service(self) -> str:
        return self.question.asking.service

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def settle(self, *, answer: Envelope | None = None, error: StudiomaticError | None = None) -> None:
        self.answer, self.error = answer, error
        self.settled.set()


class Calls:
    """Makes the calls of one client; to be made before the link starts."""

    def __init__(self, link: Link, keys: ServiceKeys) -> None:
        self._link = link
        self._keys = keys
        self._under_way: dict[str, _Call] = {}
        self._guard = threading.Lock()
        self._reply_queue = ""
        link.on_open(setup=self._set_up, resume=self._resume)

    def ask(self, query: Query, reply: type[R], *, account_id: str | None, timeout_s: float) -> R:
        """Ask the service that the question belongs to, and wait for its answer.

        Raises:
            InvalidInputError: The request is too large for a message; nothing was sent.
            ConfigurationError: The call must be protected, and a key for that is missing.
            RpcTimeoutError: The service did not answer in time; whether it did the work is unknown.
            UnroutableError: The broker knows no such service.
            BrokerUnavailableError: The broker was away until the deadline.
            NotFoundError, ConflictError, …: What the service answered, as our own class where it has one.
        """
        asking = Asking(
            query=query,
            user=self._link.address.user,
            account_id=account_id,
            traceparent=new_traceparent(),
            keys=self._keys,
        )
        call = _Call(question=_new_question(asking), deadline=time.monotonic() + timeout_s)
        answer = self._outcome(call)
        if answer.type == CallFailed.type:
            raise error_from(read(answer, CallFailed).error)
        return read(answer, reply)

    def _outcome(self, call: _Call) -> Envelope:
        with self._guard:
            self._under_way[call.question.id] = call
        try:
            self._link.submit(lambda channel: self._send(call, channel))
            while not call.settled.wait(min(max(call.seconds_left(), 0), _CHECK_CLOSED_S)):
                self._require_hope(call)
        finally:
            with self._guard:
                del self._under_way[call.question.id]
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
            raise RpcTimeoutError(
                f"{call.service} did not answer in time{call.refused}; check that it runs and try again"
            )

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
                call.question = call.question.again()
            self._under_way = {call.question.id: call for call in waiting}
        for call in waiting:
            self._send(call, channel)

    def _send(self, call: _Call, channel: LiveChannel) -> None:
        milliseconds = int(call.seconds_left() * 1000)
        if milliseconds <= 0 or call.settled.is_set():
            return
        question = call.question
        properties = pika.BasicProperties(
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            headers={TIMEOUT_HEADER: milliseconds, **question.parcel.headers},
            delivery_mode=pika.DeliveryMode.Transient.value,
            message_id=question.id,
            correlation_id=question.id,
            reply_to=self._reply_queue,
            expiration=str(milliseconds),
        )
        channel.publish(
            RPC_EXCHANGE, question.routing_key, question.parcel.body, properties, partial(_confirm, call)
        )

    def _on_reply(self, _channel: Any, _method: Any, properties: Any, body: bytes) -> None:
        call = None
        try:
            answer = decode(body)
            with self._guard:
                call = self._under_way.get(answer.causationid or "")
            if call is not None:
                call.settle(answer=call.question.answer(answer, body, properties.headers or {}))
        except InvalidMessageError as error:  # one that is not genuine, too: the right one may still come
            log.warning("reply_unreadable: %s", error.message)
            if call is not None:
                call.refused = f": {error.message}"


def _confirm(call: _Call, fate: Fate) -> None:
    """A call that was taken is now the service's to answer."""
    match fate:
        case Fate.UNROUTABLE:
            call.settle(error=UnroutableError(f"the broker has no queue for calls of {call.service}"))
        case Fate.REFUSED:
            call.settle(error=BrokerUnavailableError(f"the broker did not take a call of {call.service}"))


def _new_question(asking: Asking) -> Question:
    try:
        return new_question(asking)
    except InvalidMessageError:
        raise InvalidInputError(
            f"this request is larger than the {MAX_BODY_BYTES // 1024} KiB that a message may have;"
            " shorten its texts, or split the project"
        ) from None
