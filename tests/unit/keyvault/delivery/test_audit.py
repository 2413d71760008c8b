"""The audit is a chain: nobody changes, inserts, removes or cuts off a row without being noticed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.handlers.audit import ROWS_PER_HEAD
from services.keyvault.tables import AUDIT
from shared.contracts.refusals import VaultDeniedError
from shared.contracts.vault import AuditHead

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SECRET = b"sk-test-secret-of-the-first-account"


def write(vault, rows: int = 1) -> None:
    for number in range(rows):
        with vault.store.transaction() as unit:
            vault.audit.record(
                unit,
                actor="edge",
                action=Action.PUT_KEY,
                account_id=ACCOUNT,
                record_id=f"record-{number}",
                job_id="job",
                grant_id="grant",
                outcome=AuditOutcome.ALLOWED,
                reason="",
            )


def tamper(vault, *statements) -> None:
    """Change the table as its owner could: without the triggers."""
    postgresql = vault.database.dialect == "postgresql"
    off = (
        ["ALTER TABLE audit DISABLE TRIGGER USER"]
        if postgresql
        else ["DROP TRIGGER audit_refuses_update", "DROP TRIGGER audit_refuses_delete"]
    )
    with vault.database.transaction() as connection:
        for statement in off:
            connection.execute(text(statement))
        for statement in statements:
            connection.execute(statement)


def heads(vault) -> tuple[AuditHead, ...]:
    with vault.store.reading() as unit:
        return unit.audit.heads()


def test_a_whole_audit_verifies(vault) -> None:
    write(vault, 5)
    verified = vault.audit.verify(())
    assert (verified.rows, verified.whole, verified.first_bad) == (5, True, None)


def test_an_empty_audit_verifies(vault) -> None:
    assert vault.audit.verify(()).whole


CHANGES = {
    "occurred_at": datetime(2031, 1, 1, tzinfo=UTC),
    "actor": "content",
    "action": "list_keys",
    "subject": "somebody",
    "record_id": "another",
    "job_id": "another",
    "grant_id": "another",
    "outcome": "denied",
    "reason": "why not",
    "previous": "f" * 64,
    "hash": "f" * 64,
    "sequence": 9,
}


def test_a_change_of_any_column_is_noticed(vault) -> None:
    assert CHANGES.keys() == {column.name for column in AUDIT.columns}
    write(vault, 4)
    before = vault.audited()[2]._mapping
    tamper(vault)
    for column, value in CHANGES.items():
        with vault.database.transaction() as connection:
            connection.execute(update(AUDIT).where(AUDIT.c.sequence == 3).values({column: value}))
        verified = vault.audit.verify(())
        assert (column, verified.whole, verified.first_bad) == (column, False, 3)
        changed = value if column == "sequence" else 3
        with vault.database.transaction() as connection:
            connection.execute(update(AUDIT).where(AUDIT.c.sequence == changed).values(dict(before)))
        assert vault.audit.verify(()).whole


def test_a_row_taken_out_is_noticed(vault) -> None:
    write(vault, 4)
    tamper(vault, text("DELETE FROM audit WHERE sequence = 2"))
    assert vault.audit.verify(()).first_bad == 2


def test_two_rows_that_changed_places_are_noticed(vault) -> None:
    write(vault, 4)
    tamper(
        vault,
        text("UPDATE audit SET sequence = 99 WHERE sequence = 2"),
        text("UPDATE audit SET sequence = 2 WHERE sequence = 3"),
        text("UPDATE audit SET sequence = 3 WHERE sequence = 99"),
    )
    assert vault.audit.verify(()).first_bad == 2


def test_a_cut_end_is_noticed_by_the_head_that_others_keep(vault) -> None:
    """What gdpr keeps betrays it, even if keyvault's own heads are cut, too."""
    write(vault, 4)
    vault.clock.advance(61)
    assert vault.audit.sign_if_due() == 1
    kept_by_gdpr = heads(vault)
    tamper(vault, text("DELETE FROM audit WHERE sequence > 2"), text("DELETE FROM audit_heads"))

    assert vault.audit.verify(()).whole  # from inside nothing is to be seen
    verified = vault.audit.verify(kept_by_gdpr)
    assert (verified.whole, verified.first_bad, verified.reason) == (False, 3, "the end is cut off")


def test_a_cut_end_is_noticed_by_the_own_heads(vault) -> None:
    write(vault, 4)
    vault.clock.advance(61)
    vault.audit.sign_if_due()
    tamper(vault, text("DELETE FROM audit WHERE sequence > 2"))
    assert vault.audit.verify(()).first_bad == 3


def test_an_end_that_was_cut_and_grown_again_is_noticed(vault) -> None:
    write(vault, 4)
    vault.clock.advance(61)
    vault.audit.sign_if_due()
    kept_by_gdpr = heads(vault)
    tamper(vault, text("DELETE FROM audit WHERE sequence > 2"), text("DELETE FROM audit_heads"))
    vault.clock.advance(1)
    write(vault, 3)
    verified = vault.audit.verify(kept_by_gdpr)
    assert (verified.first_bad, verified.reason) == (4, "a signed head says otherwise")


def test_a_chain_computed_anew_from_the_start_is_noticed(vault) -> None:
    """Whoever can write the table can compute all hashes; he cannot sign the heads that others keep."""
    write(vault, 3)
    vault.clock.advance(61)
    vault.audit.sign_if_due()
    kept_by_gdpr = heads(vault)
    tamper(vault, text("DELETE FROM audit"), text("DELETE FROM audit_heads"))
    write(vault, 3)
    assert vault.audit.verify(()).whole
    assert vault.audit.verify(kept_by_gdpr).first_bad == 3


def test_a_forged_head_is_noticed(vault) -> None:
    write(vault, 3)
    vault.clock.advance(61)
    vault.audit.sign_if_due()
    forged = heads(vault)[0].model_copy(update={"sequence": 2})
    verified = vault.audit.verify((forged,))
    assert (verified.whole, verified.reason) == (False, "a head has a forged signature")


def test_two_heads_of_one_row_that_differ_are_noticed(vault) -> None:
    write(vault, 3)
    vault.clock.advance(61)
    vault.audit.sign_if_due()
    fork = heads(vault)[0].model_copy(update={"hash": "a" * 64, "kid": "keyvault-00000000"})
    assert vault.audit.verify((fork,)).first_bad == 3


@pytest.mark.parametrize("statement", ["UPDATE audit SET reason = 'x'", "DELETE FROM audit"])
def test_rows_cannot_be_changed_or_deleted(vault, statement: str) -> None:
    write(vault)
    with pytest.raises(DBAPIError, match="append-only"), vault.database.transaction() as connection:
        connection.execute(text(statement))
    assert len(vault.audited()) == 1


def test_the_hundredth_row_is_signed_at_once(vault) -> None:
    write(vault, ROWS_PER_HEAD - 1)
    assert vault.heads() == []
    write(vault)
    (head,) = vault.heads()
    assert (head.sequence, head.hash) == (ROWS_PER_HEAD, vault.audited()[-1].hash)
    assert vault.published() == ["vault.audit_head_signed.v1"]


def test_an_end_that_stands_for_a_minute_is_signed_once(vault) -> None:
    write(vault, 2)
    vault.clock.advance(59)
    assert vault.audit.sign_if_due() == 0
    vault.clock.advance(1)
    assert vault.audit.sign_if_due() == 1
    assert vault.audit.sign_if_due() == 0
    vault.clock.advance(600)
    assert vault.audit.sign_if_due() == 0  # nothing new
    assert [head.sequence for head in vault.heads()] == [2]


def test_in_steady_traffic_a_head_is_signed_every_minute(vault) -> None:
    for _ in range(6):
        write(vault)
        vault.clock.advance(30)
        vault.audit.sign_if_due()
    assert [head.sequence for head in vault.heads()] == [2, 4, 6]


def test_there_is_no_head_without_its_message(vault) -> None:
    """Both are in one transaction: gdpr hears of every head that was signed."""
    write(vault, 3)
    vault.clock.advance(60)
    vault.audit.sign_if_due()
    assert len(vault.heads()) == len(vault.published()) == 1


def test_the_audit_names_nobody_and_still_verifies_after_a_shred(vault) -> None:
    """GDPR Art. 17: the pseudonym is destroyed with the key of the account."""
    vault.put()
    vault.secret()
    subject = vault.audited()[-1].subject
    with vault.store.transaction() as unit:
        assert unit.user_keys.pseudonym(ACCOUNT) == subject
        unit.records.remove_all(ACCOUNT)
        unit.user_keys.remove_all(ACCOUNT)
        unit.accounts.remember_shredded(ACCOUNT, 1)
    with pytest.raises(VaultDeniedError):
        vault.secret()
    assert vault.audited()[-1].subject == "-"
    assert vault.audit.verify(()).whole
    assert ACCOUNT not in str(vault.audited())


def test_accounts_have_different_pseudonyms(vault) -> None:
    vault.put(ACCOUNT)
    vault.put(OTHER)
    vault.secret()
    vault.secret(vault.request(vault.grant(vault.job_token(account_id=OTHER))), account=OTHER)
    first, second = (row.subject for row in vault.audited())
    assert first != second


def test_a_head_that_an_operator_shows_must_be_of_keyvault(vault) -> None:
    """Another service's key signs no heads."""
    from services.keyvault.crypto.audit_chain import signed_head

    write(vault, 1)
    with vault.store.reading() as unit:
        row = unit.audit.last()
    by_gdpr = signed_head(row, vault.keys["gdpr"], vault.clock.now())
    assert vault.audit.verify((by_gdpr,)).reason == "a head has a forged signature"
