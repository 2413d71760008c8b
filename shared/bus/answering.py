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
from shared.bus.guarding import Guard, Received, ReplayedError
from shared.bus.outgoing import fact_key
from shared.bus.parcel import Parcel, source_of
from shared.bus.refusing import note_refused
from shared.bus.topology import rpc_queue
from shared.bus.trace import bound_log, continued
from shared.contracts.attempts import ErrorInfo
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed
from shared.contracts.envelope import Envelope, decode, enclose, read
from shared.contracts.message import Protection, Query, Reply
from shared.errors import (
    InfrastructureError,
    InvalidInputError,
    InvalidMessageError,
    NotGenuineError,
    StudiomaticError,
    TransactionConflictError,
    UnknownTypeError,
)
from shared.ids import AccountId

log = structlog.get_logger(__name__)

Answer = Callable[[Query, Caller], Reply]
"""Calls the service's method."""

Refused = Callable[[Envelope, NotGenuineError], None]
"""Told of each call that was not genuine; nothing in its envelope is true for sure."""

_TRIES = 4
"""Of an answer whose transaction was undone in favour of another; the second is nearly always the last."""


class Call(Delivery, Protocol):
    """A delivery that carries a remote call."""

    @property
    def properties(self) -> Mapping[str, object]:
        """AMQP properties; ``reply_to`` names the caller's queue."""
        ...


class Replies(Protocol):
    """Sends replies to their callers."""

    def send(self, reply: Parcel, address: str) -> None: ...


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
        refused: For a service that keeps a record of such calls.
    """

    def __init__(
        self,
        *,
        service: str,
        answerings: Mapping[str, Answering],
        replies: Replies,
        guard: Guard,
        refused: Refused | None = None,
    ) -> None:
        self._refused = refused
        self._service = service
        self._answerings = answerings
        self._replies = replies
        self._guard = guard

    def deal(self, call: Call) -> None:
        """Answer one call; never raises. Whoever waits no longer gets no answer, nor does a second copy."""
        try:
            envelope = continued(decode(call.body))
            deadline = time.monotonic() + _seconds_given(call)
        except InvalidMessageError as error:
            note_refused(rpc_queue(self._service), error)
            call.dead_letter()
            return
        with bound_log(envelope):
            try:
                received, reply = self._outcome(call, envelope, deadline)
            except ReplayedError as error:
                self._note(envelope, error)
                call.dead_letter()
                return
            if time.monotonic() < deadline:
                self._reply(call, received, reply)
            else:
                log.info("answer_too_late")
            call.ack()

    def _outcome(self, call: Call, envelope: Envelope, deadline: float) -> tuple[Received, Reply]:
        """The question as far as it could be read, and what is answered.

        Raises:
            ReplayedError: It was answered before.
        """
        received = Received(envelope=envelope, body=call.body, protection=self._protection(envelope))
        try:
            answering = self._answering(envelope)
            _require_own_route(call, envelope)
            received = self._guard.admit(call, envelope, answering.query)
            return received, self._answered(answering, received, deadline)
        except ReplayedError:
            raise
        except NotGenuineError as error:
            self._note(envelope, error)
            return received, _failed(error)
        except StudiomaticError as error:
            return received, _failed(error)

    def _answered(self, answering: Answering, received: Received, deadline: float) -> Reply:
        try:
            caller = Caller(
                account_id=_account_of(received.envelope, answering.query),
                envelope=received.envelope,
                deadline=deadline,
                signer=received.signer,
            )
            return _answer(answering, read(received.envelope, answering.query), caller)
        except StudiomaticError as error:
            return _failed(error)
        except Exception as error:
            log.exception("call_crashed")
            message = f"unexpected {type(error).__name__} in {self._service}; its log names the cause"
            return CallFailed(error=ErrorInfo(code="internal", message=message))

    def _note(self, envelope: Envelope, error: NotGenuineError) -> None:
        note_refused(rpc_queue(self._service), error)
        if self._refused is None:
            return
        try:
            self._refused(envelope, error)
        except Exception:
            log.exception("refusal_not_recorded")  # it is refused all the same

    def _answering(self, envelope: Envelope) -> Answering:
        try:
            return self._answerings[envelope.type]
        except KeyError:
            raise InvalidMessageError(f"{self._service} does not answer {envelope.type}") from None

    def _protection(self, envelope: Envelope) -> Protection:
        """What a question of this type demands, also of its answer."""
        answering = self._answerings.get(envelope.type)
        return Protection.NONE if answering is None else answering.query.protection

    def _reply(self, call: Call, received: Received, reply: Reply) -> None:
        """Send the reply; if it cannot be sent the caller stops waiting by himself."""
        answer = enclose(reply, source=source_of(self._service), cause=received.envelope)
        try:
            self._replies.send(self._guard.answer(answer, received), str(call.properties.get("reply_to", "")))
        except (InfrastructureError, InvalidInputError) as error:
            log.warning("reply_not_sent", error=str(error))


def _failed(error: StudiomaticError) -> CallFailed:
    return CallFailed(error=ErrorInfo(code=error.code, message=error.message, retryable=error.retryable))


def _require_own_route(call: Call, envelope: Envelope) -> None:
    """The broker decides by the routing key who may ask what, so a question must be the one its key names.

    Raises:
        UnknownTypeError: It is another one.
    """
    if call.route[1] != fact_key(envelope.type):
        raise UnknownTypeError(f"{envelope.type} came under the routing key of another call")


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
