"""Answers remote calls: one reply for each call that is still awaited, errors included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from shared.bus.context import Caller
from shared.bus.delivery import Delivery
from shared.bus.trace import bound_log, continued
from shared.clock import Clock, SystemClock
from shared.contracts.attempts import ErrorInfo
from shared.contracts.calls import DEADLINE_HEADER, CallFailed
from shared.contracts.envelope import Envelope, decode, enclose, read
from shared.contracts.message import Query, Reply
from shared.errors import InfrastructureError, InvalidMessageError, StudiomaticError
from shared.ids import AccountId

log = structlog.get_logger(__name__)

Answer = Callable[[Query, Caller], Reply]
"""Calls the service's method."""


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
        clock: Clock | None = None,
    ) -> None:
        self._service = service
        self._answerings = answerings
        self._replies = replies
        self._clock = clock or SystemClock()

    def deal(self, call: Call) -> None:
        """Answer one call; never raises. Whoever waits no longer gets no answer."""
        try:
            envelope = continued(decode(call.body))
            deadline = _deadline_of(call)
        except InvalidMessageError as error:
            log.warning("call_unreadable", error=str(error))
            call.dead_letter()
            return
        with bound_log(envelope):
            if deadline is not None and deadline < self._clock.now():
                log.info("call_too_late")
            else:
                self._reply(call, envelope, self._outcome(envelope))
            call.ack()

    def _outcome(self, envelope: Envelope) -> Reply:
        try:
            answering = self._answering(envelope)
            caller = Caller(account_id=_account_of(envelope), envelope=envelope)
            return answering.answer(read(envelope, answering.query), caller)
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
        """Send the reply; if it cannot be sent the caller's deadline tells him."""
        answer = enclose(reply, source=f"/studiomatic/{self._service}", cause=envelope)
        try:
            self._replies.send(answer, str(call.properties.get("reply_to", "")))
        except (InfrastructureError, InvalidMessageError) as error:
            log.warning("reply_not_sent", error=str(error))


def _deadline_of(call: Call) -> datetime | None:
    """Until when the caller waits; none if he does not say.

    Raises:
        InvalidMessageError: He says something that is no time with a zone.
    """
    text = call.headers.get(DEADLINE_HEADER)
    if text is None:
        return None
    try:
        deadline = datetime.fromisoformat(str(text))
    except ValueError:
        raise InvalidMessageError(f"the header {DEADLINE_HEADER} is no time") from None
    if deadline.tzinfo is None:
        raise InvalidMessageError(f"the header {DEADLINE_HEADER} is a time without a zone")
    return deadline


def _account_of(envelope: Envelope) -> AccountId:
    if not envelope.accountid:
        raise InvalidMessageError("the call names no account; the edge must state it")
    return AccountId(envelope.accountid)
