"""Sign and check the texts that let one service act for a person at another: tickets, job tokens and grants.

``<kid>.<Base64url of JSON>.<Base64url of signature>``; the kind of text is signed with it, so that none passes for
another. The algorithm is Ed25519 and nothing in the text can choose another (ASVS 5.0 9.1.1 to 9.2.4); the key is
looked up among the pinned ones by the kid, and must belong to the one service that may issue this kind.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import TypeVar

from pydantic import ValidationError

from shared.clock import Clock
from shared.contracts.grants import CLOCK_SKEW_S, Grant, JobToken, Ticket
from shared.errors import StudiomaticError
from shared.signing import SignatureInvalidError, Signer, Verifier

ISSUERS: dict[type[Ticket | JobToken | Grant], str] = {Ticket: "auth", JobToken: "auth", Grant: "orchestrator"}
"""Which service may say what."""

S = TypeVar("S", Ticket, JobToken, Grant)


class StatementInvalidError(StudiomaticError):
    """The ticket, job token or grant is not what it must be; ``reason`` is for the audit, never for the caller."""

    code = "statement_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


def issue(statement: Ticket | JobToken | Grant, signer: Signer) -> str:
    """The signed text of a statement."""
    body = statement.model_dump_json().encode()
    signature = signer.sign(_signed(type(statement), body))
    return ".".join((signer.key_id, _encoded(body), _encoded(signature)))


def check(text: str, kind: type[S], pins: Verifier, clock: Clock) -> S:
    """Read a signed text.

    Raises:
        StatementInvalidError: ``form``, ``signature``, ``issuer``, ``not_yet`` or ``expired``.
    """
    try:
        kid, body, signature = text.split(".")
        exact, signed_with = _decoded(body), _decoded(signature)
    except (ValueError, binascii.Error):
        raise StatementInvalidError("form") from None
    if pins.service_of(kid) != ISSUERS[kind]:
        raise StatementInvalidError("issuer")
    try:
        pins.check(kid, signed_with, _signed(kind, exact))
    except SignatureInvalidError:
        raise StatementInvalidError("signature") from None
    try:
        statement = kind.model_validate_json(exact)
    except ValidationError:
        raise StatementInvalidError("form") from None
    _require_in_time(statement, clock)
    return statement


def _require_in_time(statement: Ticket | JobToken | Grant, clock: Clock) -> None:
    now = clock.now()
    if statement.issued_at > now + timedelta(seconds=CLOCK_SKEW_S):
        raise StatementInvalidError("not_yet")
    if statement.expires_at <= now:
        raise StatementInvalidError("expired")


def _signed(kind: type[Ticket | JobToken | Grant], body: bytes) -> bytes:
    return b"studiomatic/" + kind.__name__.lower().encode() + b"/1\0" + body


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
