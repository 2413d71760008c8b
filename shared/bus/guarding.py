"""Checks questions as they come in, and protects their answers: the service's half of a protected call."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from shared.bus.outgoing import fact_key
from shared.bus.parcel import Parcel, plain_parcel, source_of
from shared.bus.sealed_data import REPLY_KEY, opened, question_info, sealed_answer
from shared.bus.topology import RPC_EXCHANGE
from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.contracts.message import Protection, Query
from shared.errors import InfrastructureError, NotGenuineError
from shared.service_keys import ServiceKeys
from shared.signing import SignatureInvalidError, service_of

WINDOW = timedelta(seconds=60)
"""How far a protected question's time may be from ours; a copy that comes within it is recognised by its id."""

MOST_REMEMBERED = 200_000
"""Questions of two windows: 1,600 a second. Only those of pinned signers are remembered."""


class ReplayedError(NotGenuineError):
    """A protected question that was taken in before."""


class Arrival(Protocol):
    """A message as it came."""

    @property
    def body(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, object]: ...

    @property
    def route(self) -> tuple[str, str]: ...


@dataclass(frozen=True, kw_only=True)
class Received:
    """A question that may be answered.

    Attributes:
        envelope: Its data is in clear.
        body: Its exact bytes, to which the answer is bound.
        signer: The service that signed it; None for calls that need no signature.
        reply_key: One-time key of a sealed question.
    """

    envelope: Envelope
    body: bytes
    protection: Protection
    signer: str | None = None
    reply_key: str | None = None


class Guard:
    """Guards the calls of one service.

    Args:
        service: Who is asked and answers.
    """

    def __init__(self, *, service: str, keys: ServiceKeys, clock: Clock) -> None:
        self._service = service
        self._keys = keys
        self._clock = clock
        self._replays = Replays()

    def admit(self, arrival: Arrival, envelope: Envelope, contract: type[Query]) -> Received:
        """Check a question as its contract demands.

        Raises:
            ReplayedError: It was admitted before.
            NotGenuineError: It is not signed by a pinned key, altered, rerouted, or not of now.
            ConfigurationError: It must be protected, and this process has no key.
        """
        if contract.protection is Protection.NONE:
            return Received(envelope=envelope, body=arrival.body, protection=Protection.NONE)
        signer = self._signer(arrival, envelope)
        self._require_first_time(signer, envelope)
        received = Received(envelope=envelope, body=arrival.body, protection=contract.protection, signer=signer)
        return self._unsealed(received) if contract.protection is Protection.SEALED else received

    def answer(self, reply: Envelope, received: Received) -> Parcel:
        """The answer, protected as its question was.

        Raises:
            InvalidMessageError: It is too large.
        """
        if received.protection is Protection.NONE:
            return plain_parcel(reply)
        if received.reply_key is not None:
            reply = sealed_answer(reply, received.reply_key, received.body)
        parcel = plain_parcel(reply)
        headers = self._keys.signer(self._service).answer_headers(parcel.body, received.body)
        return replace(parcel, headers=headers)

    def _signer(self, arrival: Arrival, envelope: Envelope) -> str:
        try:
            signer = service_of(self._keys.pins.verify(arrival.body, arrival.headers))
        except SignatureInvalidError:
            raise NotGenuineError(
                f"{envelope.type} has no valid signature of a key that is pinned at {self._service}"
            ) from None
        route = (RPC_EXCHANGE, fact_key(envelope.type))
        signed_route = (arrival.headers["exchange"], arrival.headers["routing-key"])
        if signed_route != route or arrival.route != route:
            raise NotGenuineError(f"{envelope.type} was signed for another route than it came by")
        if envelope.source != source_of(signer):
            raise NotGenuineError(f"{envelope.type} is signed by {signer} in another's name")
        return signer

    def _require_first_time(self, signer: str, envelope: Envelope) -> None:
        now = self._clock.now()
        if abs(now - envelope.time) > WINDOW:
            raise NotGenuineError(
                f"{envelope.type} is from more than {WINDOW.seconds} s before or after now;"
                f" compare the clocks of {signer} and {self._service}"
            )
        if not self._replays.first_time(f"{signer} {envelope.id}", now, until=envelope.time + WINDOW):
            raise ReplayedError(f"{envelope.type} came a second time")

    def _unsealed(self, received: Received) -> Received:
        envelope, reply_key = received.envelope, str(received.envelope.data.get(REPLY_KEY, ""))
        signer, info = self._keys.signer(self._service), question_info(envelope, reply_key)
        return replace(
            received, envelope=opened(envelope, lambda box: signer.open(box, info=info)), reply_key=reply_key
        )


class Replays:
    """The questions that were admitted, each until its time is over."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._until: OrderedDict[str, datetime] = OrderedDict()
        self._guard = threading.Lock()

    def first_time(self, name: str, now: datetime, *, until: datetime) -> bool:
        """Remember a question; returns whether it is new.

        Raises:
            InfrastructureError: There is no room to remember more; forgetting one would let its copy in.
        """
        with self._guard:
            self._forget(now)
            if name in self._until:
                return False
            if len(self._until) >= self._most:
                raise InfrastructureError("too many calls in a short time; try again in a minute")
            self._until[name] = until
            return True

    def _forget(self, now: datetime) -> None:
        """Drop what the window refuses by now, the oldest first; a later one may wait for an earlier to end."""
        while self._until:
            name, until = next(iter(self._until.items()))
            if until >= now:
                return
            del self._until[name]
