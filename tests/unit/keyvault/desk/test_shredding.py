"""A shredded account: its key is gone, and nothing can be made for it again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.keyvault.domain.records import Record, UserKey
from services.keyvault.tables import METADATA, RECORDS, USER_KEYS
from shared.contracts.accounts import AccountPurged
from shared.contracts.refusals import RecordCorruptError, VaultDeniedError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


def _stolen(desk) -> tuple[Record, UserKey]:
    with desk.store.reading() as unit:
        return unit.records.of_account(ACCOUNT, "provider_key")[0], unit.user_keys.newest(ACCOUNT)


def test_shredding_destroys_key_and_records_of_one_account(desk) -> None:
    """GDPR Art. 17."""
    desk.put()
    desk.put()
    desk.confirmed_seed()
    other = desk.put(account=OTHER)

    assert desk.shred().records == 3
    assert desk.listed() == ()
    with desk.store.reading() as unit:
        assert unit.user_keys.newest(ACCOUNT) is None
    assert desk.opened(other.record_id, OTHER)


def test_shredding_twice_answers_the_same(desk) -> None:
    desk.put()
    assert desk.shred() == desk.shred() == desk.another_process().shred()


def test_shredding_nothing_forbids_all_the_same(desk) -> None:
    assert desk.shred().records == 0
    with pytest.raises(VaultDeniedError):
        desk.put()


def test_nothing_is_made_for_a_shredded_account(desk) -> None:
    key = desk.put()
    desk.shred()
    with pytest.raises(VaultDeniedError):
        desk.put()
    with pytest.raises(VaultDeniedError):
        desk.replace(key.record_id, b"sk-another-secret-0000")
    assert desk.denied().reason == "account_shredded"


def test_a_record_that_was_copied_before_opens_no_more(desk) -> None:
    """Not even where the user key was used a moment ago: what is remembered is dropped."""
    key = desk.put()
    desk.opened(key.record_id)
    record, user_key = _stolen(desk)
    desk.shred()
    desk.put(account=OTHER)
    with desk.store.reading() as unit:
        other_key = unit.user_keys.newest(OTHER)
    with pytest.raises(RecordCorruptError):
        desk.vault.user_keys.open(other_key, 1, record.binding, record.sealed)
    assert not [name for name in desk.vault.user_keys._remembered if name[0] == user_key.account_id]


def test_after_shredding_nothing_names_or_keeps_the_account(desk) -> None:
    """Only the mark that it was shredded stays, so that a late message brings nothing back."""
    desk.put()
    record, user_key = _stolen(desk)
    desk.shred()
    with desk.database.reading() as connection:
        left = {
            table.name: [row for row in connection.execute(select(table)) if ACCOUNT in repr(row)]
            for table in METADATA.sorted_tables
        }
        kept = repr([list(connection.execute(select(table))) for table in (RECORDS, USER_KEYS)])
    assert {name for name, rows in left.items() if rows} <= {"shredded", "limits"}
    assert repr(user_key.wrapped) not in kept
    assert repr(record.sealed) not in kept


def test_the_audit_still_names_a_shredded_account_only_by_a_pseudonym_that_nothing_resolves(desk) -> None:
    desk.put()
    subject = desk.audited()[-1].subject
    desk.shred()
    assert subject in {row.subject for row in desk.audited()}
    with desk.store.reading() as unit:
        assert unit.user_keys.pseudonym(ACCOUNT) is None
    assert desk.audited()[-1].action == "shred_user"


def test_an_account_that_was_purged_is_shredded(desk) -> None:
    desk.confirmed_seed()
    desk.hear(AccountPurged(account_id=ACCOUNT))
    with pytest.raises(VaultDeniedError):
        desk.new_seed()
    assert desk.audited()[-2].action == "shred_user"
