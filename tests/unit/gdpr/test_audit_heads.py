"""Heads of the vault's audit are kept as they were heard, where keyvault cannot change them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.contracts.envelope import Envelope, enclose
from shared.contracts.jobs import JobStarted
from shared.contracts.vault import AuditHead, AuditHeadSigned, ListAuditHeads
from shared.errors import UnknownTypeError


def head(sequence: int, digit: str = "a") -> AuditHead:
    return AuditHead(
        sequence=sequence,
        hash=digit * 64,
        signed_at=datetime(2030, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
        kid="keyvault-01234567",
        signature="c2lnbmF0dXJl",
    )


def said(signed: AuditHead) -> Envelope:
    return enclose(AuditHeadSigned(head=signed), source="/studiomatic/keyvault")


def test_heads_are_kept_and_listed_newest_first(audit_heads) -> None:
    for sequence in (100, 300, 200):  # facts come out of order
        audit_heads.hear(said(head(sequence)))
    assert audit_heads.list(ListAuditHeads()).heads == (head(300), head(200), head(100))
    assert audit_heads.list(ListAuditHeads(limit=1)).heads == (head(300),)


def test_a_head_heard_twice_is_kept_once(audit_heads) -> None:
    envelope = said(head(100))
    audit_heads.hear(envelope)
    audit_heads.hear(envelope)
    audit_heads.hear(said(head(100)))
    assert audit_heads.list(ListAuditHeads()).heads == (head(100),)


def test_two_heads_of_one_row_are_both_kept(audit_heads) -> None:
    """They prove that the chain was cut and grown again."""
    audit_heads.hear(said(head(100, "a")))
    audit_heads.hear(said(head(100, "b")))
    assert audit_heads.list(ListAuditHeads()).heads == (head(100, "a"), head(100, "b"))


def test_nothing_else_is_heard(audit_heads) -> None:
    with pytest.raises(UnknownTypeError):
        audit_heads.hear(enclose(JobStarted(job_id="j", project_id="p"), source="/t"))
