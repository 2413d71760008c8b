"""The hash chain of the audit: each row's hash covers the row and the hash before it.

    hash = SHA-256("kv-audit/1" | previous, 32 bytes | canonical row)

The canonical row is every column in order, as text, each after its length (4 bytes, big-endian). Whoever changes,
inserts or takes out a row breaks every hash from there on; whoever cuts the end off is betrayed by the signed
heads, of which others keep copies. See RFC 9162 section 2.1 for the same idea in certificate logs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from services.keyvault.domain.audit import AuditEntry, AuditRow, Verdict
from shared.contracts.vault import AuditHead
from shared.sealing import bound
from shared.signing import SignatureInvalidError, Signer, Verifier

BEGINNING = "0" * 64
"""What stands before the first row."""

_CONTEXT = b"kv-audit/1"
_HEAD_CONTEXT = "studiomatic/kv/audit-head/1"


def row_hash(sequence: int, occurred_at: datetime, entry: AuditEntry, previous: str) -> str:
    """The hash of a row."""
    return hashlib.sha256(
        _CONTEXT + bytes.fromhex(previous) + _canonical(sequence, occurred_at, entry)
    ).hexdigest()


def signed_head(row: AuditRow, signer: Signer, now: datetime) -> AuditHead:
    """Sign the end of the chain."""
    signature = signer.sign(_head_bytes(row.sequence, row.hash, now))
    return AuditHead(
        sequence=row.sequence,
        hash=row.hash,
        signed_at=now,
        kid=signer.key_id,
        signature=base64.b64encode(signature).decode(),
    )


def is_by_keyvault(head: AuditHead, pins: Verifier) -> bool:
    """Whether keyvault signed this head with a key that is pinned."""
    if pins.service_of(head.kid) != "keyvault":
        return False
    try:
        signature = base64.b64decode(head.signature, validate=True)
        pins.check(head.kid, signature, _head_bytes(head.sequence, head.hash, head.signed_at))
    except (SignatureInvalidError, binascii.Error):
        return False
    return True


class ChainVerifier:
    """Computes the chain anew, row by row, and compares it with heads.

    Args:
        heads: What was signed before; all of it must still be so.
    """

    def __init__(self, heads: Iterable[AuditHead]) -> None:
        self._heads: dict[int, set[str]] = {}
        for head in heads:
            self._heads.setdefault(head.sequence, set()).add(head.hash)
        self._sequence = 0
        self._hash = BEGINNING

    def failure(self, rows: Iterable[AuditRow]) -> Verdict | None:
        """Take in the next rows, in the order of their sequence; None while all fit."""
        for row in rows:
            reason = self._misfit(row)
            if reason:
                return Verdict(rows=self._sequence, first_bad=self._sequence + 1, reason=reason)
            self._sequence, self._hash = row.sequence, row.hash
        return None

    def end(self) -> Verdict:
        """There are no more rows: what heads say of later ones is missing."""
        if any(sequence > self._sequence for sequence in self._heads):
            return Verdict(rows=self._sequence, first_bad=self._sequence + 1, reason="the end is cut off")
        return Verdict(rows=self._sequence)

    def _misfit(self, row: AuditRow) -> str:
        if row.sequence != self._sequence + 1:
            return "a row is missing"
        if row.previous != self._hash:
            return "it does not follow the row before"
        if row.hash != row_hash(row.sequence, row.occurred_at, row.entry, row.previous):
            return "it was changed"
        if self._heads.get(row.sequence, {row.hash}) != {row.hash}:
            return "a signed head says otherwise"
        return ""


def _canonical(sequence: int, occurred_at: datetime, entry: AuditEntry) -> bytes:
    return bound(
        str(sequence),
        _moment(occurred_at),
        entry.actor,
        entry.action,
        entry.subject,
        entry.record_id,
        entry.job_id,
        entry.grant_id,
        entry.outcome,
        entry.reason,
    )


def _head_bytes(sequence: int, row_hash: str, signed_at: datetime) -> bytes:
    return bound(_HEAD_CONTEXT, str(sequence), row_hash, _moment(signed_at))


def _moment(moment: datetime) -> str:
    """RFC 3339 with microseconds, as both databases keep them."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
