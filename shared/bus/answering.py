"""Answers remote calls: one reply for each call that is still awaited, errors included."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from shared.bus.context import Caller
from shared.bus.delivery import Delivery
from shared.bus.refusing import note_refused
from shared.bus.topology import rpc_queue
from shared.bus.trace import bound_log, continued
from shared.contracts.attempts import ErrorInfo
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed
from shared.contracts.envelope import Envelope, decode, enclose, read
from shared.contracts.message import Query, Reply
from shared.errors import InfrastructureError, InvalidMessageError, StudiomaticError, TransactionConflictError
from shared.ids import AccountId

log = structlog.get_logger(__name__)

Answer = Callable[[Query, Caller], Reply]
"""Calls the service's method."""


_TRIES = 4
"""Of an answer whose transaction was undone in favour of another; the second is nearly always the last."""


class Call(Delivery, Protocol):
    """A delivery that carries a remote call."""

    @property
    def headers(self) -> Mapping[str, object]: ...

    @property
    def properties(self) -> Mapping[str, object]:
        """AMQP properties; ``reply_to`` names the caller's queue."""
        ...


class Replies(Protocol):
    """Sends replies to their callers."""

    def send(self, reply: Envelope, address: str) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How one kind of query is answered."""

    query: type[Query]
    answer: Answer


class CallAnswerer:
    """Deals with the deliveries of one service's call queue.

    Args:
        service: Who answers.
        answerings: Wire name of a query to how it is answered.
    """

    def __init__(
        self,
        *,
        service: str,
        answerings: Mapping[str, Answering],
        replies: Replies,
    ) -> None:
        self._service = service
        self._answerings = answerings
        self._replies = replies

    def deal(self, call: Call) -> None:
        """Answer one call; never raises. Whoever waits no longer gets no answer."""
        try:
            envelope = continued(decode(call.body))
            deadline = time.monotonic() + _seconds_given(call)
        except InvalidMessageError as error:
            note_refused(rpc_queue(self._service), error)
            call.dead_letter()
            return
        with bound_log(envelope):
            reply = self._outcome(envelope, deadline)
            if time.monotonic() < deadline:
                self._reply(call, envelope, reply)
            else:
                log.info("answer_too_late")
            call.ack()

    def _outcome(self, envelope: Envelope, deadline: float) -> Reply:
        try:
            answering = self._answering(envelope)
            account_id = _account_of(envelope, answering.query)
            caller = Caller(account_id=account_id, envelope=envelope, deadline=deadline)
            return _answer(answering, read(envelope, answering.query), caller)
        except StudiomaticError as error:
            return CallFailed(error=ErrorInfo(code=error.code, message=error.message, retryable=error.retryable))
        except Exception as error:
            log.exception("call_crashed")
            message = f"unexpected {type(error).__name__} in {self._service}; its log names the cause"
            return CallFailed(error=ErrorInfo(code="internal", message=message))

    def _answering(self, envelope: Envelope) -> Answering:
        try:
            return self._answerings[envelope.type]
        except KeyError:
            raise InvalidMessageError(f"{self._service} does not answer {envelope.type}") from None

    def _reply(self, call: Call, envelope: Envelope, reply: Reply) -> None:
        """Send the reply; if it cannot be sent the caller stops waiting by himself."""
        answer = enclose(reply, source=f"/studiomatic/{self._service}", cause=envelope)
        try:
            self._replies.send(answer, str(call.properties.get("reply_to", "")))
        except (InfrastructureError, InvalidMessageError) as error:
            log.warning("reply_not_sent", error=str(error))


def _answer(answering: Answering, query: Query, caller: Caller) -> Reply:
    """Call the service's method; again while it loses against other transactions, for the caller still waits."""
    for _ in range(_TRIES - 1):
        try:
            return answering.answer(query, caller)
        except TransactionConflictError as error:
            log.warning("answer_repeated", error=str(error))
    return answering.answer(query, caller)


def _seconds_given(call: Call) -> float:
    """How long the caller waits from when the call was read; infinite if he does not say.

    The broker drops calls that nobody waits for from the queue, so the time spent there does not count here.

    Raises:
        InvalidMessageError: He says something that is no number of milliseconds from 1.
    """
    milliseconds = call.headers.get(TIMEOUT_HEADER)
    if milliseconds is None:
        return math.inf
    if not isinstance(milliseconds, int) or milliseconds < 1:
        raise InvalidMessageError(f"the header {TIMEOUT_HEADER} is no number of milliseconds from 1")
    return milliseconds / 1000


def _account_of(envelope: Envelope, query: type[Query]) -> AccountId:
    if not envelope.accountid and not query.anonymous:
        raise InvalidMessageError("the call names no account; the edge must state it")
    return AccountId(envelope.accountid or "")
