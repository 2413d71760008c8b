"""Rotation and rewrap: new versions wrap, old ones stay readable until nothing needs them; no secret is opened."""

from __future__ import annotations

import json

import pytest

from services.keyvault.crypto import record as record_format
from services.keyvault.crypto.keyring_files import add_version, destroy_version
from shared.contracts import vault
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError, VaultDeniedError
from shared.errors import ConfigurationError, ConflictError, NotFoundError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
SECRET = b"sk-test-1234567890-secret"


def _accounts(count: int) -> list[str]:
    return [f"01a20e67-f96c-7495-a999-{number:012}" for number in range(count)]


def _wrappings(desk) -> dict[int, int]:
    with desk.store.reading() as unit:
        return unit.user_keys.count_by_keyring_version()


def test_after_a_rotation_everything_opens_under_the_new_version(desk, keyring_path) -> None:
    keys = {account: desk.put(account=account) for account in _accounts(5)}
    assert add_version(keyring_path) == 2
    status = desk.rotate()
    assert (status.current_version, status.user_keys, status.running, status.destroyable) == (2, {1: 5}, True, ())

    desk.vault.work_off()

    status = desk.rewrap_status()
    assert (status.user_keys, status.running, status.destroyable) == ({2: 5}, False, (1,))
    for account, key in keys.items():
        assert desk.opened(key.record_id, account) == SECRET


def test_before_the_rewrap_old_and_new_are_readable(desk, keyring_path) -> None:
    old = desk.put()
    add_version(keyring_path)
    desk.rotate()
    new = desk.put(account="01a20e67-f96c-7495-a999-000000000002")
    assert desk.opened(old.record_id) == SECRET
    assert desk.opened(new.record_id, "01a20e67-f96c-7495-a999-000000000002") == SECRET
    assert _wrappings(desk) == {1: 1, 2: 1}


def test_a_rewrap_opens_no_provider_key(desk, keyring_path, monkeypatch) -> None:
    """What vault transit cannot do with associated data: rotate without plaintext."""
    desk.put()
    add_version(keyring_path)
    desk.rotate()
    opened = []
    real = record_format.unseal
    monkeypatch.setattr(
        record_format, "unseal", lambda *arguments: opened.append(arguments[2]) or real(*arguments)
    )
    desk.vault.work_off()
    assert {kind.name for kind in opened} == {"USER_KEY"}


def test_a_rewrapped_key_is_still_bound_to_its_account_and_version(desk, keyring_path) -> None:
    other = "01a20e67-f96c-7495-a999-000000000002"
    desk.put()
    desk.put(account=other)
    add_version(keyring_path)
    desk.rotate()
    desk.vault.work_off()
    with desk.store.transaction() as unit:
        mine, theirs = unit.user_keys.newest(ACCOUNT), unit.user_keys.newest(other)
        unit.user_keys.rewrap(mine, theirs.wrapped, 2)
        swapped, record = unit.user_keys.newest(ACCOUNT), unit.records.newest(ACCOUNT, "zai")
    with pytest.raises(RecordCorruptError):
        desk.vault.user_keys.open(swapped, 1, record.binding, record.sealed)


def test_a_rewrap_that_was_killed_goes_on_where_it_was(desk, keyring_path, monkeypatch) -> None:
    monkeypatch.setattr("services.keyvault.handlers.rotation.BATCH", 2)
    keys = {account: desk.put(account=account) for account in _accounts(7)}
    add_version(keyring_path)
    desk.rotate()
    assert desk.vault.rewrapping.rewrap_some() == 1
    assert _wrappings(desk) == {1: 5, 2: 2}

    restarted = desk.another_process()
    assert restarted.rewrap_status().running
    assert all(restarted.opened(key.record_id, account) == SECRET for account, key in keys.items())
    restarted.vault.work_off()
    assert _wrappings(restarted) == {2: 7}


def test_a_rewrap_finds_keys_that_came_behind_it(desk, keyring_path, monkeypatch) -> None:
    """A process that does not know the new version yet may make one; also an account of two key versions."""
    monkeypatch.setattr("services.keyvault.handlers.rotation.BATCH", 1)
    accounts = _accounts(4)
    for account in accounts[2:]:
        desk.put(account=account)
    late = desk.vault.user_keys.make(accounts[0], 1, desk.clock.now())
    add_version(keyring_path)
    desk.rotate()
    desk.vault.rewrapping.rewrap_some()
    with desk.store.transaction() as unit:
        unit.user_keys.add(late)
    desk.vault.work_off()
    assert _wrappings(desk) == {2: 3}


def test_a_damaged_user_key_does_not_stop_a_rewrap(desk, keyring_path) -> None:
    accounts = _accounts(3)
    for account in accounts:
        desk.put(account=account)
    with desk.store.transaction() as unit:
        key = unit.user_keys.newest(accounts[1])
        unit.user_keys.rewrap(key, key.wrapped[:-1] + b"x", 1)
    add_version(keyring_path)
    desk.rotate()
    desk.vault.work_off()
    assert _wrappings(desk) == {1: 1, 2: 2}
    status = desk.rewrap_status()
    assert (status.running, status.destroyable) == (False, ())
    assert next(row for row in desk.audited() if row.action == "rewrap").outcome == "failed"


def test_a_version_that_is_in_use_is_not_destroyed(desk, keyring_path) -> None:
    desk.put()
    add_version(keyring_path)
    status = desk.rotate()
    with pytest.raises(ConflictError):
        destroy_version(keyring_path, 1, destroyable=status.destroyable)
    with pytest.raises(ConflictError):
        destroy_version(keyring_path, 2, destroyable=status.destroyable)
    desk.opened(desk.listed()[0].record_id)


def test_a_version_that_nothing_uses_is_destroyed_for_ever(desk, keyring_path) -> None:
    key = desk.put()
    add_version(keyring_path)
    desk.rotate()
    desk.vault.work_off()
    destroy_version(keyring_path, 1, destroyable=desk.rewrap_status().destroyable)

    assert "key" not in json.loads(keyring_path.read_text())["versions"][0]
    restarted = desk.another_process()
    assert restarted.opened(key.record_id) == SECRET
    assert restarted.rewrap_status().destroyable == ()
    with desk.store.reading() as unit:
        assert set(unit.keyring.check_values()) == {2}


def test_a_keyring_that_lost_a_version_does_not_take_part_in_a_rotation(
    desk, keyring_path, rewrite_keyring
) -> None:
    desk.put()
    add_version(keyring_path)
    entries = json.loads(keyring_path.read_text())["versions"]
    rewrite_keyring(json.dumps({"versions": entries[1:]}))
    with pytest.raises(ConfigurationError, match="no version 1"):
        desk.rotate()


def test_a_process_that_did_not_hear_of_a_rotation_follows_it(desk, keyring_path) -> None:
    beside = desk.another_process()
    beside.put()
    add_version(keyring_path)
    desk.rotate()
    desk.vault.work_off()

    beside.put(account="01a20e67-f96c-7495-a999-000000000002")
    assert _wrappings(desk) == {2: 2}
    assert beside.opened(beside.listed()[0].record_id) == SECRET


def test_a_process_without_the_version_in_use_makes_no_user_key_under_an_old_one(
    desk, keyring_path, rewrite_keyring
) -> None:
    """Else it could be wrapped by a version that the operator destroys in this moment."""
    beside, first = desk.another_process(), keyring_path.read_text()
    add_version(keyring_path)
    desk.rotate()
    rewrite_keyring(first)
    with pytest.raises(KeyUnavailableError):
        beside.put()
    assert _wrappings(desk) == {}


@pytest.mark.parametrize("query", [vault.RotateKeyring, vault.GetRewrapStatus, vault.VerifyAudit])
def test_operating_the_vault_needs_an_administrators_ticket(desk, query) -> None:
    with pytest.raises(VaultDeniedError):
        desk.ask(query(ticket=desk.ticket()))
    assert desk.denied().reason == "other_purpose"


def test_an_administrator_verifies_the_audit(desk) -> None:
    desk.put()
    assert desk.ask(vault.VerifyAudit(ticket=desk.admin_ticket())).whole


def test_a_compromised_user_key_is_replaced_and_its_records_sealed_anew(desk) -> None:
    key = desk.put()
    seed = desk.confirmed_seed()
    with desk.store.reading() as unit:
        known, pseudonym = unit.user_keys.newest(ACCOUNT), unit.user_keys.pseudonym(ACCOUNT)
    desk.rotate(account_id=ACCOUNT)
    assert desk.opened(key.record_id) == SECRET
    desk.vault.work_off()

    assert desk.opened(key.record_id) == SECRET
    assert desk.check(desk.code(seed))
    with desk.store.reading() as unit:
        record = unit.records.get(ACCOUNT, key.record_id, "provider_key")
        assert unit.user_keys.get(ACCOUNT, 1) is None
        assert unit.user_keys.pseudonym(ACCOUNT) == pseudonym
    with pytest.raises(RecordCorruptError):
        desk.vault.user_keys.open(known, 1, record.binding, record.sealed)


def test_a_user_key_rotation_that_was_killed_goes_on(desk) -> None:
    key = desk.put()
    desk.rotate(account_id=ACCOUNT)
    desk.rotate(account_id=ACCOUNT)
    restarted = desk.another_process()
    assert restarted.opened(key.record_id) == SECRET
    restarted.vault.work_off()
    assert restarted.opened(key.record_id) == SECRET
    with desk.store.reading() as unit:
        assert (unit.user_keys.get(ACCOUNT, 1), unit.user_keys.get(ACCOUNT, 2)) == (None, None)


def test_a_damaged_record_is_set_aside_when_its_user_key_is_replaced(desk) -> None:
    good, bad = desk.put(), desk.put()
    with desk.store.transaction() as unit:
        record = unit.records.get(ACCOUNT, bad.record_id, "provider_key")
        unit.records.update(bad.record_id, sealed=record.sealed[:-1] + bytes([record.sealed[-1] ^ 1]))
    desk.rotate(account_id=ACCOUNT)
    desk.vault.work_off()
    assert desk.opened(good.record_id) == SECRET
    assert {key.record_id: key.status for key in desk.listed()}[bad.record_id] is vault.KeyStatus.UNREADABLE


def test_an_account_without_key_has_none_to_replace(desk) -> None:
    with pytest.raises(NotFoundError):
        desk.rotate(account_id="nobody")
