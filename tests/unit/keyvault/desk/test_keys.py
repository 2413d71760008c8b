"""Provider keys: who may put, replace, remove, list and test them, and what is never shown."""

from __future__ import annotations

import base64
import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from services.keyvault.tables import AUDIT, RECORDS
from shared.contracts import vault
from shared.contracts.accounts import (
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountDisabled,
    AccountEnabled,
    SessionRevoked,
)
from shared.contracts.factors import Purpose
from shared.contracts.grants import Grant
from shared.contracts.refusals import RateLimitedError, RecordCorruptError, VaultDeniedError
from shared.contracts.vault import PLATFORM_ACCOUNT, RECORDS_MAX, KeyStatus, Provider
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.grants import issue
from shared.ids import new_id

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SECRET = b"sk-test-1234567890-secret"


def test_a_key_is_kept_and_only_its_last_four_characters_are_shown(desk) -> None:
    key = desk.put()

    assert desk.opened(key.record_id) == SECRET
    assert (key.last4, key.label, key.provider, key.status) == (
        "cret", "mine", Provider.ZAI, KeyStatus.NOT_CHECKED,
    )  # fmt: skip
    assert desk.listed() == (key,)
    assert SECRET.decode() not in repr(key)


@pytest.mark.parametrize("length", [1, 4, 11])
def test_nothing_is_shown_of_a_short_key(desk, length: int) -> None:
    assert desk.put(b"k" * length).last4 == ""


def test_a_key_of_twelve_characters_shows_four(desk) -> None:
    assert desk.put(b"abcdefghijkl").last4 == "ijkl"


@pytest.mark.parametrize("size", [1, 61, 62, 63, 4095, 4096])
def test_keys_of_every_allowed_size_come_back_whole(desk, size: int) -> None:
    secret = bytes(0x21 + n % 94 for n in range(size))
    assert desk.opened(desk.put(secret).record_id) == secret


@pytest.mark.parametrize(
    "secret",
    [
        b"",
        b"k" * 4097,
        b"sk-with space",
        b"sk-with-line\r\nX-Injected: 1",
        b"sk-newline\n",
        b" sk-leading",
        b"sk-\x00-null",
        b"sk-\x1b[0m",
        b"sk-\x7f",
        "sk-schlüssel".encode(),
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_a_header_is_refused_at_the_door(desk, secret: bytes) -> None:
    """A key becomes a header of a request: RFC 9110 section 5.5; ASVS 5.0 1.3.11."""
    with pytest.raises(InvalidInputError) as error:
        desk.put(secret)
    assert desk.listed() == ()
    assert "sk-" not in str(error.value)


def with_another_first_bit(box: str) -> str:
    damaged = bytearray(base64.b64decode(box))
    damaged[0] ^= 1
    return base64.b64encode(damaged).decode()


@pytest.mark.parametrize("damage", ["other account", "other provider", "another's key", "no box", "one bit"])
def test_a_key_that_was_sealed_for_something_else_is_refused_and_audited(desk, damage: str) -> None:
    box = {
        "other account": lambda: desk.boxed(SECRET, OTHER),
        "other provider": lambda: desk.boxed(SECRET, ACCOUNT, Provider.OPENAI),
        "another's key": lambda: desk.boxed(SECRET).swapcase(),
        "no box": lambda: "!" * 100,
        "one bit": lambda: with_another_first_bit(desk.boxed(SECRET)),
    }[damage]()
    with pytest.raises(InvalidInputError):
        desk.put(sealed_secret=box)
    assert desk.listed() == ()
    assert desk.denied().reason == "seal"


def test_an_account_keeps_at_most_fifty_keys(desk) -> None:
    for _ in range(RECORDS_MAX):
        desk.put()
        desk.clock.advance(10)
    with pytest.raises(ConflictError):
        desk.put()
    desk.remove(desk.listed()[0].record_id)
    desk.clock.advance(60)
    desk.put()
    assert len(desk.listed()) == RECORDS_MAX


def test_a_replaced_key_keeps_its_place_and_nothing_of_the_old_one(desk) -> None:
    key = desk.put()
    desk.clock.advance(1)
    replaced = desk.replace(key.record_id, b"sk-another-secret-9876")

    assert replaced.record_id == key.record_id
    assert (replaced.last4, replaced.created_at, replaced.replaced_at) == (
        "9876", key.created_at, desk.clock.now(),
    )  # fmt: skip
    assert desk.opened(key.record_id) == b"sk-another-secret-9876"


def test_removing_twice_is_removing_once(desk) -> None:
    key = desk.put()
    desk.remove(key.record_id)
    desk.remove(key.record_id)
    assert desk.listed() == ()


def test_an_account_sees_and_changes_no_key_of_another(desk) -> None:
    """ASVS 5.0 8.2.2."""
    key = desk.put()

    assert desk.listed(OTHER) == ()
    with pytest.raises(NotFoundError):
        desk.replace(key.record_id, SECRET, account=OTHER)
    desk.remove(key.record_id, account=OTHER)
    with pytest.raises(NotFoundError):
        desk.ask(vault.TestKey(ticket=desk.ticket(account_id=OTHER), record_id=key.record_id), account=OTHER)
    assert desk.listed() == (key,)


@pytest.mark.parametrize("signer", [None, "content", "auth", "gdpr", "orchestrator", "keyvault"])
def test_only_the_edge_speaks_for_people(desk, signer: str | None) -> None:
    key = desk.put()
    record_id, box = key.record_id, desk.boxed(b"sk-forged")
    for query in (
        vault.PutKey(ticket=desk.ticket(), provider=Provider.ZAI, sealed_secret=box),
        vault.ReplaceKey(ticket=desk.ticket(), record_id=record_id, sealed_secret=box),
        vault.RemoveKey(ticket=desk.ticket(), record_id=record_id),
        vault.ListKeys(),
        vault.TestKey(ticket=desk.ticket(), record_id=record_id),
        vault.RotateKeyring(ticket=desk.admin_ticket()),
        vault.GetRewrapStatus(ticket=desk.admin_ticket()),
        vault.VerifyAudit(ticket=desk.admin_ticket()),
    ):
        with pytest.raises(VaultDeniedError, match=r"^The vault refuses; its audit knows why\.$"):
            desk.ask(query, signer=signer)
        assert (desk.denied().reason, desk.denied().actor) == ("other_actor", signer or "-")
    assert desk.listed() == (key,)
    assert desk.opened(record_id) == SECRET


@pytest.mark.parametrize("signer", [None, "edge", "content", "gdpr", "orchestrator", "keyvault"])
def test_only_auth_asks_about_second_factors(desk, signer: str | None) -> None:
    desk.confirmed_seed()
    for query in (
        vault.NewTotp(reply_key=desk.signers["edge"].sealing_key.public),
        vault.ConfirmTotp(record_id="x", code="123456"),
        vault.CheckTotp(code="123456"),
        vault.RemoveTotp(),
    ):
        with pytest.raises(VaultDeniedError):
            desk.ask(query, signer=signer)
        assert desk.denied().reason == "other_actor"


@pytest.mark.parametrize("signer", [None, "edge", "content", "auth", "orchestrator", "keyvault"])
def test_only_gdpr_shreds_and_exports(desk, signer: str | None) -> None:
    key = desk.put()
    for query in (vault.ShredUser(), vault.ExportKeyMetadata()):
        with pytest.raises(VaultDeniedError):
            desk.ask(query, signer=signer)
        assert desk.denied().reason == "other_actor"
    assert desk.opened(key.record_id) == SECRET


@pytest.mark.parametrize(
    ("reason", "ticket"),
    [
        ("other_account", lambda desk: desk.ticket(account_id=OTHER)),
        ("other_audience", lambda desk: desk.ticket(audience="content")),
        ("other_purpose", lambda desk: desk.ticket(Purpose.VAULT_ADMINISTER)),
        ("ticket_issuer", lambda desk: desk.ticket(by="orchestrator")),
        ("ticket_issuer", lambda desk: desk.ticket(by="edge")),
        ("ticket_expired", lambda desk: desk.ticket(expires_at=desk.clock.now())),
        ("ticket_not_yet", lambda desk: desk.ticket(issued_at=desk.clock.now() + timedelta(minutes=2))),
        ("ticket_form", lambda _desk: "not.a.ticket"),
        ("ticket_issuer", lambda _desk: "eyJhbGciOiJub25lIn0.e30."),
        ("ticket_signature", lambda desk: desk.ticket()[:-4] + "AAAA"),
        ("ticket_signature", lambda desk: _grant(desk)),
    ],
)
def test_a_ticket_must_be_auths_for_this_person_and_purpose_now(desk, reason: str, ticket) -> None:
    """ASVS 5.0 9.1.1, 9.1.2, 9.2.1 to 9.2.4."""
    with pytest.raises(VaultDeniedError):
        desk.put(ticket=ticket(desk))
    assert desk.listed() == ()
    assert desk.denied().reason == reason


def test_a_ticket_changes_something_once(desk) -> None:
    """Whoever records a call cannot send it again."""
    ticket = desk.ticket()
    desk.put(ticket=ticket)
    with pytest.raises(VaultDeniedError):
        desk.put(ticket=ticket)
    assert len(desk.listed()) == 1
    assert "replay" in {row.reason for row in desk.audited()}


def test_a_refused_change_does_not_use_up_its_ticket(desk) -> None:
    ticket = desk.ticket()
    with pytest.raises(InvalidInputError):
        desk.put(b"with space", ticket=ticket)
    desk.put(ticket=ticket)


def test_a_used_ticket_stays_used_after_a_restart(desk) -> None:
    ticket = desk.ticket()
    desk.put(ticket=ticket)
    with pytest.raises(VaultDeniedError):
        desk.another_process().put(ticket=ticket)


def test_a_ticket_of_a_revoked_session_is_refused(desk) -> None:
    """ASVS 5.0 7.4.1."""
    desk.hear(SessionRevoked(account_id=ACCOUNT, session_id="session-1"))
    with pytest.raises(VaultDeniedError):
        desk.put()
    desk.put(ticket=desk.ticket(session_id="session-2"))


@pytest.mark.parametrize(
    ("closing", "opening"),
    [
        (AccountDisabled(account_id=ACCOUNT), AccountEnabled(account_id=ACCOUNT)),
        (
            AccountDeletionRequested(account_id=ACCOUNT, requested_at="2030-01-01T00:00:00Z"),
            AccountDeletionCancelled(account_id=ACCOUNT),
        ),
    ],
)
def test_a_closed_account_changes_nothing_until_it_is_opened_again(desk, closing, opening) -> None:
    key = desk.put()
    desk.hear(closing)
    with pytest.raises(VaultDeniedError):
        desk.put()
    with pytest.raises(VaultDeniedError):
        desk.replace(key.record_id, SECRET)
    assert "account_closed" in {row.reason for row in desk.audited()}
    desk.clock.advance(1)
    desk.hear(opening)
    desk.put()


def test_an_account_closed_for_two_reasons_needs_both_taken_back(desk) -> None:
    desk.hear(AccountDisabled(account_id=ACCOUNT))
    desk.hear(AccountDeletionRequested(account_id=ACCOUNT, requested_at="2030-01-01T00:00:00Z"))
    desk.clock.advance(1)
    desk.hear(AccountDeletionCancelled(account_id=ACCOUNT))
    with pytest.raises(VaultDeniedError):
        desk.put()


def test_a_late_fact_does_not_undo_a_newer_one(desk) -> None:
    """Facts may come out of order and twice."""
    before = desk.clock.now()
    desk.clock.advance(5)
    desk.hear(AccountDisabled(account_id=ACCOUNT))
    desk.hear(AccountEnabled(account_id=ACCOUNT), time=before)
    with pytest.raises(VaultDeniedError):
        desk.put()

    message = new_id()
    desk.clock.advance(5)
    desk.hear(AccountEnabled(account_id=ACCOUNT), id=message)
    desk.clock.advance(5)
    desk.hear(AccountDisabled(account_id=ACCOUNT), id=message)
    desk.put()


def test_ten_changes_a_minute_and_no_more(desk) -> None:
    for _ in range(10):
        desk.put()
    for _ in range(3):
        with pytest.raises(RateLimitedError, match=r"\d+ s"):
            desk.put()
    assert [row.outcome for row in desk.audited()].count("limited") == 1
    desk.clock.advance(61)
    desk.put()


def test_sixty_looks_a_minute_and_no_more(desk) -> None:
    """ASVS 5.0 2.4.1: nobody fills the audit, from which nothing is ever deleted, by looking again and again."""
    for _ in range(60):
        desk.listed()
    for _ in range(3):
        with pytest.raises(RateLimitedError, match=r"\d+ s"):
            desk.listed()
    assert [row.outcome for row in desk.audited()].count("limited") == 1
    assert len(desk.audited()) == 61
    desk.clock.advance(61)
    desk.listed()


def test_strangers_do_not_use_up_an_accounts_changes(desk) -> None:
    for _ in range(20):
        with pytest.raises(VaultDeniedError):
            desk.ask(
                vault.PutKey(ticket=desk.ticket(), provider=Provider.ZAI, sealed_secret=desk.boxed(SECRET)),
                signer="content",
            )
    desk.put()


def test_keys_of_the_platform_belong_to_administrators(desk) -> None:
    for ticket in (desk.ticket(), desk.ticket(account_id=PLATFORM_ACCOUNT)):
        with pytest.raises(VaultDeniedError):
            desk.put(account=PLATFORM_ACCOUNT, ticket=ticket)
    with pytest.raises(VaultDeniedError):
        desk.listed(PLATFORM_ACCOUNT)

    key = desk.put(account=PLATFORM_ACCOUNT, ticket=desk.admin_ticket())
    shown = desk.ask(vault.ListKeys(ticket=desk.admin_ticket()), account=PLATFORM_ACCOUNT)
    assert shown.keys == (key,)
    with pytest.raises(VaultDeniedError):
        desk.shred(PLATFORM_ACCOUNT)
    assert desk.opened(key.record_id, PLATFORM_ACCOUNT) == SECRET


def test_without_a_provider_client_a_key_is_not_checked(desk) -> None:
    key = desk.put()
    query = vault.TestKey(ticket=desk.ticket(), record_id=key.record_id)
    assert desk.ask(query).key.status is KeyStatus.NOT_CHECKED
    assert desk.probe.asked == [(ACCOUNT, key.record_id, Provider.ZAI)]


@pytest.mark.parametrize("status", [KeyStatus.VALID, KeyStatus.INVALID])
def test_what_the_provider_says_of_a_key_is_kept(desk, status: KeyStatus) -> None:
    key = desk.put()
    desk.probe.status = status
    query = vault.TestKey(ticket=desk.ticket(), record_id=key.record_id)
    assert desk.ask(query).key.status is status
    assert desk.listed()[0].status is status
    assert desk.replace(key.record_id, b"sk-new-secret-0000").status is KeyStatus.NOT_CHECKED


def test_what_the_provider_says_of_a_key_that_was_replaced_meanwhile_is_forgotten(desk) -> None:
    key = desk.put()

    def replaced_meanwhile(*_asked: object) -> KeyStatus:
        desk.clock.advance(1)
        desk.replace(key.record_id, b"sk-new-secret-0000")
        return KeyStatus.INVALID

    desk.probe.probe = replaced_meanwhile
    query = vault.TestKey(ticket=desk.ticket(), record_id=key.record_id)
    assert desk.ask(query).key.status is KeyStatus.NOT_CHECKED


def test_a_damaged_record_is_set_aside_and_not_asked_about(desk) -> None:
    key = desk.put()
    with desk.store.transaction() as unit:
        record = unit.records.get(ACCOUNT, key.record_id, "provider_key")
        unit.records.quarantine(key.record_id, record.sealed)
    query = vault.TestKey(ticket=desk.ticket(), record_id=key.record_id)
    assert desk.ask(query).key.status is KeyStatus.UNREADABLE
    assert desk.probe.asked == []
    assert desk.replace(key.record_id, b"sk-new-secret-0000").status is KeyStatus.NOT_CHECKED
    assert desk.opened(key.record_id) == b"sk-new-secret-0000"


def test_an_access_request_shows_keys_without_secrets(desk) -> None:
    """GDPR Art. 15."""
    key = desk.put()
    exported = desk.ask(vault.ExportKeyMetadata(), signer="gdpr")
    assert exported.keys == (key,)
    assert SECRET.decode() not in exported.model_dump_json()


def test_every_change_is_audited_under_a_pseudonym(desk) -> None:
    key = desk.put()
    desk.replace(key.record_id, SECRET)
    desk.remove(key.record_id)
    rows = desk.audited()
    assert [(row.action, row.outcome, row.record_id) for row in rows] == [
        ("put_key", "allowed", key.record_id),
        ("replace_key", "allowed", key.record_id),
        ("remove_key", "allowed", key.record_id),
    ]
    assert len({row.subject for row in rows}) == 1
    assert all(ACCOUNT not in str(row) for row in rows)


def test_without_an_audit_nothing_is_done(desk) -> None:
    """Fail closed: what is not audited does not happen."""
    key = desk.put()
    with desk.database.transaction() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    for change in (
        desk.put,
        lambda: desk.replace(key.record_id, b"sk-other-secret-0000"),
        lambda: desk.remove(key.record_id),
    ):
        with pytest.raises(VaultDeniedError):
            change()
    with desk.database.transaction() as connection:
        connection.execute(text("ALTER TABLE audit_away RENAME TO audit"))
    assert [shown.record_id for shown in desk.listed()] == [key.record_id]
    assert desk.opened(key.record_id) == SECRET


def test_no_secret_is_in_any_table(desk) -> None:
    """A dump of the database without the keyring opens nothing."""
    canary = b"sk-CANARY-in-the-database-1"
    key = desk.put(canary)
    desk.replace(key.record_id, b"sk-CANARY-in-the-database-2")
    desk.confirmed_seed()
    with desk.database.reading() as connection:
        dump = [
            bytes(value) if isinstance(value, memoryview) else value
            for table in (RECORDS, AUDIT)
            for row in connection.execute(select(table))
            for value in row
        ]
    assert not any(b"CANARY" in value for value in dump if isinstance(value, bytes))
    assert "CANARY" not in repr(dump)


def test_every_stored_record_says_that_it_is_aes_256(desk) -> None:
    """The privacy policy promises AES-256; suite 01 is AES-256-GCM."""
    desk.put()
    desk.confirmed_seed()
    with desk.store.reading() as unit, desk.database.reading() as connection:
        sealed = [bytes(row.sealed) for row in connection.execute(select(RECORDS))]
        sealed.append(unit.user_keys.newest(ACCOUNT).wrapped)
    assert {blob[:5] for blob in sealed} == {b"SMK1\x01"}
    assert len(sealed) == 3


@pytest.mark.parametrize("column", ["account_id", "provider", "purpose", "record_id"])
def test_a_row_that_was_changed_in_the_database_does_not_open(desk, column: str) -> None:
    """Swapped rows, users and providers."""
    key, other = desk.put(), desk.put(b"sk-another-secret-0000", provider=Provider.OPENAI)
    desk.put(account=OTHER)
    with desk.store.reading() as unit:
        record = unit.records.get(ACCOUNT, key.record_id, "provider_key")
        foreign = unit.records.get(ACCOUNT, other.record_id, "provider_key")
        user_key = unit.user_keys.newest(OTHER if column == "account_id" else ACCOUNT)
    changed = {
        "account_id": dataclasses.replace(record, account_id=OTHER),
        "provider": dataclasses.replace(record, provider=Provider.OPENAI),
        "purpose": dataclasses.replace(record, purpose="totp"),
        "record_id": dataclasses.replace(record, sealed=foreign.sealed),
    }[column]
    with pytest.raises(RecordCorruptError):
        desk.vault.user_keys.open(user_key, 1, changed.binding, changed.sealed)


def test_a_pending_seed_cannot_be_confirmed_by_writing_to_the_table(desk) -> None:
    record_id, seed = desk.new_seed()
    with desk.database.transaction() as connection:
        connection.execute(update(RECORDS).where(RECORDS.c.record_id == record_id).values(purpose="totp"))
    with pytest.raises(RecordCorruptError):
        desk.check(desk.code(seed))


def _grant(desk) -> str:
    """Genuine, by auth's key, but of another kind."""
    now = desk.clock.now()
    grant = Grant(
        grant_id=new_id(), job_token="x", actor="content", audience="keyvault", purpose="p",
        providers=("zai",), max_uses=1, issued_at=now, expires_at=now + timedelta(minutes=5),
    )  # fmt: skip
    return issue(grant, desk.signers["auth"])
