"""Calls another service and waits for its answer, with a deadline.

Works in green threads and in ordinary ones. Each call under way has a connection of its own, which is kept for
the next one.
"""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

import math
import threading
import time
from typing import Any, TypeVar

import structlog
from kombu.entity import Exchange, Queue
from kombu.messaging import Consumer

from shared.bus.connection import broker_connection, connect, connection_errors, hang_up
from shared.bus.errors import RpcTimeoutError, UnroutableError
from shared.bus.questions import Asking, Question, new_question
from shared.bus.topology import REPLIES_EXCHANGE, RPC_EXCHANGE, own_queue_prefix
from shared.bus.trace import child_traceparent
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed, error_from
from shared.contracts.envelope import CONTENT_TYPE, Envelope, decode, read
from shared.contracts.message import Query, Reply
from shared.errors import NotGenuineError
from shared.ids import AccountId, new_id
from shared.service_keys import ServiceKeys

log = structlog.get_logger(__name__)

R = TypeVar("R", bound=Reply)

CALL_TIMEOUT_S = 10.0

_RECONNECT_DELAY_S = 0.2


class RpcClient:
    """Makes remote calls.

    Args:
        user: Broker user that calls, e.g. ``edge``; its reply queues are named after it.
        keys: With the key of ``user`` for protected calls; others need none.
    """

    def __init__(self, url: str, *, user: str = "edge", keys: ServiceKeys | None = None) -> None:
        self._url = url
        self._user = user
        self._keys = keys or ServiceKeys()
        self._idle: list[_Session] = []
        self._guard = threading.Lock()

    def call(
        self,
        service: str,
        query: Query,
        reply: type[R],
        *,
        account_id: AccountId | None = None,
        timeout_s: float = CALL_TIMEOUT_S,
        traceparent: str | None = None,
    ) -> R:
        """Ask ``service`` and wait for its answer.

        Args:
            account_id: Whom the call is for; only anonymous calls go without.

        A lost connection repeats the call, so one that changes something must carry an idempotency key.

        Raises:
            RpcTimeoutError: No genuine answer in time; whether it was carried out is unknown.
            ConfigurationError: It must be protected, and a key for that is missing.
            UnroutableError: The service has no call queue on this broker.
            NotFoundError, ConflictError, …: What the service answered, if it is one of our common errors.
            RemoteError: Any other error the service answered.
            InvalidMessageError: The answer is not a ``reply``.
        """
        asking = Asking(
            query=query,
            user=self._user,
            account_id=account_id,
            traceparent=child_traceparent(traceparent),
            keys=self._keys,
        )
        answer = self._ask(service, new_question(asking), time.monotonic() + timeout_s)
        if answer.type == CallFailed.type:
            raise error_from(read(answer, CallFailed).error)
        return read(answer, reply)

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._guard:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()

    def _ask(self, service: str, question: Question, deadline: float) -> Envelope:
        while True:
            session = self._take()
            try:
                answer = session.ask(service, question, deadline)
            except _BrokenError as error:
                session.close()
                if time.monotonic() + _RECONNECT_DELAY_S >= deadline:
                    raise RpcTimeoutError(f"{service} did not answer in time ({error})") from error
                time.sleep(_RECONNECT_DELAY_S)
                question = question.again()
            except BaseException:
                session.close()
                raise
            else:
                with self._guard:
                    self._idle.append(session)
                return answer

    def _take(self) -> _Session:
        with self._guard:
            return self._idle.pop() if self._idle else _Session(self._url, self._user)


class _BrokenError(Exception):
    """The connection broke; the call may or may not have arrived."""


class _Session:
    """A connection that has one call under way at a time; connects at the first."""

    def __init__(self, url: str, user: str) -> None:
        self._connection = broker_connection(url)
        self._errors = connection_errors(self._connection)
        self._address = own_queue_prefix("replies", user) + new_id()
        self._wire: Any = None
        self._channel: Any = None
        self._asked: Question | None = None
        self._answer: Envelope | None = None
        self._refused = ""
        self._returned = False

    def ask(self, service: str, question: Question, deadline: float) -> Envelope:
        """Send a call and wait for its reply.

        Raises:
            _BrokenError: The connection broke.
            RpcTimeoutError: No reply in time.
            UnroutableError: Nobody has a queue for this service.
        """
        self._asked, self._answer, self._refused, self._returned = question, None, "", False
        try:
            if self._channel is None:
                self._open()
            self._send(question, deadline - time.monotonic())
            while self._answer is None and not self._returned:
                self._connection.drain_events(timeout=max(0.001, deadline - time.monotonic()))
        except TimeoutError as error:
            raise RpcTimeoutError(f"{service} did not answer in time{self._refused}") from error
        except self._errors as error:
            raise _BrokenError(type(error).__name__) from error
        if self._answer is None:
            raise UnroutableError(f"{service} has no call queue on this broker")
        return self._answer

    def close(self) -> None:
        if self._wire is not None:
            hang_up(self._wire)

    def _open(self) -> None:
        self._wire = connect(self._connection)
        self._channel = self._connection.channel()
        self._channel.events["basic_return"].add(self._on_return)
        queue = Queue(
            self._address,
            Exchange(REPLIES_EXCHANGE, type="direct", durable=True, no_declare=True),
            routing_key=self._address,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )(self._channel)
        queue.queue_declare()
        queue.queue_bind()
        Consumer(self._channel, [queue], no_ack=True, auto_declare=False, on_message=self._on_message).consume()

    def _send(self, question: Question, seconds: float) -> None:
        seconds = max(seconds, 0.001)
        milliseconds = math.ceil(seconds * 1000)
        message = self._channel.prepare_message(
            question.parcel.body,
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            headers={TIMEOUT_HEADER: milliseconds, **question.parcel.headers},
            properties={
                "delivery_mode": 1,
                "message_id": question.id,
                "correlation_id": question.id,
                "reply_to": self._address,
                "expiration": str(milliseconds),
            },
        )
        self._channel.basic_publish(
            message, exchange=RPC_EXCHANGE, routing_key=question.routing_key, mandatory=True, timeout=seconds
        )

    def _on_message(self, message: Any) -> None:
        body = message.body
        body = body.encode() if isinstance(body, str) else bytes(body)
        try:
            answer = decode(body)
            if self._asked is not None and answer.causationid == self._asked.id:
                self._answer = self._asked.answer(answer, body, message.headers or {})
        except NotGenuineError as error:  # the genuine one may still come
            log.warning("answer_refused", error=error.message)
            self._refused = f"; {error.message}"

    def _on_return(self, *_: Any) -> None:
        self._returned = True
