"""Questions on their way out, and how their answers are recognised: the caller's half of a call.

A protected question is signed by its caller over the exact bytes and the route. The data of a sealed one is closed
to the key of the service and carries a one-time key for the answer. The answer is signed by the service together
with the digest of the question, so that the answer to another question is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.bus.parcel import Parcel, plain_parcel, source_of
from shared.bus.sealed_data import answer_info, opened, sealed_question
from shared.bus.topology import RPC_EXCHANGE
from shared.contracts.calls import CallFailed
from shared.contracts.envelope import Envelope, enclose, read
from shared.contracts.message import Protection, Query
from shared.errors import NotGenuineError
from shared.sealing import SealingKey
from shared.service_keys import ServiceKeys
from shared.signing import SignatureInvalidError, service_of


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A call as somebody wants it made.

    Attributes:
        user: Who calls: the broker user, and the service whose key signs.
        account_id: Whom it is for; only anonymous calls go without.
    """

    query: Query
    user: str
    account_id: str | None
    traceparent: str
    keys: ServiceKeys = field(repr=False)

    @property
    def service(self) -> str:
        """Who is asked: the owner in the question's wire name."""
        return self.query.type.split(".", 1)[0]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One try of a call."""

    asking: Asking
    parcel: Parcel
    reply_key: SealingKey | None = None

    @property
    def id(self) -> str:
        """What the answer names as its cause."""
        return self.parcel.envelope.id

    @property
    def routing_key(self) -> str:
        """Where it goes at the exchange of calls."""
        return self.asking.query.routing_key()

    def again(self) -> Question:
        """For another try: a protected question is made anew, because a second copy of one is refused."""
        return self if self.asking.query.protection is Protection.NONE else new_question(self.asking)

    def answer(self, envelope: Envelope, body: bytes, headers: Mapping[str, object]) -> Envelope:
        """The answer, with its data in clear.

        Args:
            envelope: What ``body`` holds.
        Raises:
            NotGenuineError: It is not from the service, or not to this question.
        """
        if self.asking.query.protection is Protection.NONE:
            return envelope
        self._require_genuine(envelope, body, headers)
        if self.reply_key is None or _says_not_genuine(envelope):
            return envelope
        key, info = self.reply_key, answer_info(envelope, self.parcel.body)
        return opened(envelope, lambda box: key.open(box, info=info))

    def _require_genuine(self, envelope: Envelope, body: bytes, headers: Mapping[str, object]) -> None:
        asked = self.asking.service
        try:
            signer = service_of(self.asking.keys.pins.verify_answer(body, headers, self.parcel.body))
        except SignatureInvalidError:
            raise NotGenuineError(f"an answer to {self.asking.query.type} has no valid signature") from None
        if signer != asked or envelope.source != source_of(asked) or envelope.causationid != self.id:
            raise NotGenuineError(f"an answer to {self.asking.query.type} is not {asked}'s to this question")


def new_question(asking: Asking) -> Question:
    """Make the message of a call, protected as its contract demands.

    Raises:
        InvalidMessageError: It is too large.
        ConfigurationError: It must be protected, and a key for that is missing.
    """
    envelope = enclose(
        asking.query,
        source=source_of(asking.user),
        account_id=asking.account_id,
        traceparent=asking.traceparent,
    )
    match asking.query.protection:
        case Protection.NONE:
            return Question(asking=asking, parcel=plain_parcel(envelope))
        case Protection.SIGNED:
            return Question(asking=asking, parcel=_signed(asking, envelope))
        case Protection.SEALED:
            one_time = SealingKey.one_time()
            service_key = asking.keys.pins.sealing_key_of(asking.service)
            closed = sealed_question(envelope, service_key, one_time.public)
            return Question(asking=asking, parcel=_signed(asking, closed), reply_key=one_time)


def _signed(asking: Asking, envelope: Envelope) -> Parcel:
    signer = asking.keys.signer(asking.user)
    parcel = plain_parcel(envelope)
    headers = signer.headers(parcel.body, exchange=RPC_EXCHANGE, routing_key=asking.query.routing_key())
    return replace(parcel, headers=headers)


def _says_not_genuine(envelope: Envelope) -> bool:
    """Whether the service could not even read the question; nothing else comes unsealed."""
    return (
        envelope.type == CallFailed.type
        and "error" in envelope.data
        and read(envelope, CallFailed).error.code == NotGenuineError.code
    )
