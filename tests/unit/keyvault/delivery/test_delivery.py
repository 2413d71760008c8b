"""A key reaches exactly the worker that a grant names, sealed, and nobody else; every refusal is audited."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import text, update

from services.keyvault.tables import RECORDS
from shared.contracts.refusals import (
    KeyUnavailableError,
    RateLimitedError,
    RecordCorruptError,
    VaultDeniedError,
)
from shared.contracts.vault import PLATFORM_ACCOUNT, Provider
from shared.errors import InvalidInputError
from shared.key_delivery import DeliveryInvalidError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SECRET = b"sk-test-secret-of-the-first-account"


def test_the_worker_gets_the_key_and_the_audit_has_it(vault) -> None:
    record = vault.put()
    request = vault.request()

    assert vault.secret(request) == SECRET
    row = vault.audited()[-1]
    assert (row.actor, row.action, row.outcome, row.record_id) == ("content", "deliver_key", "allowed", record)
    assert row.job_id == "job-1"
    assert ACCOUNT not in str(row)  # a pseudonym stands for him


def test_the_answer_holds_no_secret_in_clear(vault) -> None:
    """ASVS 5.0 11.3.3; policy S9."""
    vault.put()
    reply = vault.deliver(vault.request().query)
    assert SECRET not in reply.model_dump_json().encode()


def test_a_key_is_marked_as_used(vault) -> None:
    record = vault.put()
    vault.clock.advance(7)
    vault.secret()
    with vault.store.reading() as unit:
        assert unit.records.newest(ACCOUNT, Provider.ZAI).last_used_at == vault.clock.now()
        assert unit.records.newest(ACCOUNT, Provider.ZAI).record_id == record


def test_the_newest_key_of_the_provider_is_delivered_unless_one_is_named(vault) -> None:
    old = vault.put(secret=b"old")
    vault.clock.advance(1)
    vault.put(secret=b"new")
    vault.put(provider=Provider.MINIMAX, secret=b"of another provider")
    assert vault.secret() == b"new"
    assert vault.secret(vault.request(record_id=old)) == b"old"


def test_the_operators_key_serves_an_account_that_has_none(vault) -> None:
    vault.put(PLATFORM_ACCOUNT, secret=b"of the operator")
    assert vault.secret() == b"of the operator"
    vault.put(secret=b"own")
    assert vault.secret() == b"own"


def test_no_key_of_the_operator_is_used_for_providers_that_the_policy_does_not_name(vault) -> None:
    """Policy S16: without an own key only MiniMax and Z.ai are asked."""
    vault.put(PLATFORM_ACCOUNT, Provider.ELEVENLABS)
    providers = (Provider.ELEVENLABS,)
    grant = vault.grant(vault.job_token(providers=providers), providers=providers)
    with pytest.raises(VaultDeniedError):
        vault.secret(vault.request(grant, Provider.ELEVENLABS))
    assert vault.audited()[-1].reason == "no_record"


def test_a_record_of_another_account_or_provider_is_refused(vault) -> None:
    theirs = vault.put(OTHER)
    for_another = vault.put(provider=Provider.MINIMAX)
    operators = vault.put(PLATFORM_ACCOUNT)
    for record in (theirs, for_another, operators):
        with pytest.raises(VaultDeniedError):
            vault.secret(vault.request(record_id=record))
        assert vault.audited()[-1].reason == "no_record"


def test_two_records_whose_bytes_were_swapped_do_not_open(vault) -> None:
    mine, theirs = vault.put(), vault.put(OTHER, secret=b"theirs")
    with vault.store.reading() as unit:
        foreign = unit.records.newest(OTHER, Provider.ZAI).sealed
    with vault.database.transaction() as connection:
        connection.execute(update(RECORDS).where(RECORDS.c.record_id == mine).values(sealed=foreign))
    with pytest.raises(RecordCorruptError):
        vault.secret()
    assert theirs != mine


def test_a_damaged_record_is_set_aside_and_never_tried_again(vault) -> None:
    record = vault.put()
    with vault.database.transaction() as connection:
        connection.execute(update(RECORDS).where(RECORDS.c.record_id == record).values(sealed=b"x" * 180))
    grant = vault.grant(max_uses=1)
    with pytest.raises(RecordCorruptError):
        vault.secret(vault.request(grant))
    assert [row.outcome for row in vault.audited()] == ["allowed", "failed"]
    with pytest.raises(VaultDeniedError):
        vault.secret(vault.request(grant))
    assert vault.audited()[-1].reason == "quarantined"
    vault.put(secret=b"a new one", created_at=vault.clock.now().replace(year=2031))
    assert vault.secret(vault.request(grant)) == b"a new one"  # the failed use did not count


def test_a_missing_keyring_version_is_said_and_damages_nothing(vault) -> None:
    vault.put()
    whole = vault.keyring._keys
    vault.keyring._keys = {}
    vault.user_keys.forget_all()
    with pytest.raises(KeyUnavailableError):
        vault.secret()
    assert vault.audited()[-1].reason == "key_unavailable"
    vault.keyring._keys = whole
    assert vault.secret() == SECRET


def test_a_request_is_answered_once(vault) -> None:
    vault.put()
    request = vault.request()
    assert vault.secret(request) == SECRET
    with pytest.raises(VaultDeniedError):
        vault.deliver(request.query)
    assert vault.audited()[-1].reason == "replay"


def test_a_request_seen_before_a_restart_is_refused_after_it(vault) -> None:
    vault.put()
    request = vault.request()
    vault.secret(request)
    with pytest.raises(VaultDeniedError):
        vault.replica().deliver(request.query)
    assert vault.audited()[-1].reason == "replay"


@pytest.mark.parametrize("seconds", [61, -61])
def test_a_request_of_another_time_is_refused(vault, seconds: int) -> None:
    vault.put()
    query = vault.request().query
    vault.clock.advance(seconds)
    with pytest.raises(VaultDeniedError):
        vault.deliver(query)
    assert vault.audited()[-1].reason == "skew"


@pytest.mark.parametrize("seconds", [59, -59])
def test_clocks_may_differ_by_a_minute(vault, seconds: int) -> None:
    vault.put()
    request = vault.request()
    vault.clock.advance(seconds)
    assert vault.secret(request) == SECRET


def test_an_unsigned_request_is_refused(vault) -> None:
    vault.put()
    with pytest.raises(VaultDeniedError):
        vault.secret(signer=None)
    assert vault.audited()[-1].reason == "unsigned"


@pytest.mark.parametrize("reason", ["disabled", "deletion_requested"])
def test_nothing_is_delivered_for_a_closed_account(vault, reason: str) -> None:
    """Policy S43; ASVS 5.0 7.4.2."""
    vault.put()
    with vault.store.transaction() as unit:
        unit.accounts.close(ACCOUNT, reason, unit.now)
    with pytest.raises(VaultDeniedError):
        vault.secret()
    assert vault.audited()[-1].reason == "account_closed"
    vault.clock.advance(1)
    with vault.store.transaction() as unit:
        unit.accounts.reopen(ACCOUNT, reason, unit.now)
    assert vault.secret() == SECRET


def test_nothing_is_delivered_for_a_shredded_account(vault) -> None:
    vault.put()
    with vault.store.transaction() as unit:
        unit.accounts.remember_shredded(ACCOUNT, 1)
        unit.user_keys.remove_all(ACCOUNT)
    with pytest.raises(VaultDeniedError):
        vault.secret()
    assert vault.audited()[-1].reason == "account_shredded"


def test_a_session_ended_by_force_ends_its_unused_grants(vault) -> None:
    """ASVS 5.0 7.4.3."""
    vault.put()
    grant = vault.grant()
    with vault.store.transaction() as unit:
        unit.accounts.revoke_session("session-1", by_logout=False)
    with pytest.raises(VaultDeniedError):
        vault.secret(vault.request(grant))
    assert vault.audited()[-1].reason == "session_revoked"


def test_a_job_goes_on_after_its_owner_logged_out(vault) -> None:
    vault.put()
    grant = vault.grant()
    with vault.store.transaction() as unit:
        unit.accounts.revoke_session("session-1", by_logout=True)
    assert vault.secret(vault.request(grant))


def test_a_key_that_is_none_gets_no_answer_and_costs_no_use(vault) -> None:
    vault.put()
    grant = vault.grant(max_uses=1)
    zeros = vault.request(grant).query.model_copy(update={"reply_key": "A" * 43 + "="})
    with pytest.raises(InvalidInputError):
        vault.deliver(zeros)
    assert [row.outcome for row in vault.audited()] == ["allowed", "failed"]
    assert vault.secret(vault.request(grant)) == SECRET


def test_without_an_audit_nothing_is_delivered(vault) -> None:
    """Fail closed: what is not audited is not done."""
    vault.put()
    request = vault.request()
    with vault.database.transaction() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO audit_elsewhere"))
    with pytest.raises(VaultDeniedError):
        vault.secret(request)
    with vault.database.transaction() as connection:
        connection.execute(text("ALTER TABLE audit_elsewhere RENAME TO audit"))
    assert vault.audited() == []
    assert vault.secret(request) == SECRET  # nothing was half done


def test_all_refusals_sound_alike(vault) -> None:
    """ASVS 5.0 16.5.1: the reason is in the audit only."""
    vault.put()
    heard = set()
    for query, account in (
        (vault.request(vault.grant(actor="renderer")).query, ACCOUNT),
        (vault.request("no.grant.atall").query, ACCOUNT),
        (vault.request(record_id="unknown").query, ACCOUNT),
        (vault.request().query, OTHER),
    ):
        with pytest.raises(VaultDeniedError) as refused:
            vault.deliver(query, account=account)
        heard.add((refused.value.code, refused.value.message, refused.value.__cause__))
    assert len(heard) == 1
    assert len({row.reason for row in vault.audited()}) == 4


def test_what_a_caller_sends_never_gets_into_the_audit(vault) -> None:
    canary = "sk-CANARY-1"
    for changes in ({"record_id": canary}, {"grant": canary}, {"grant": f"{canary}.{canary}.{canary}"}):
        with pytest.raises(VaultDeniedError):
            vault.deliver(vault.request(**changes).query, account=canary)
    assert canary not in str(vault.audited())


def test_an_answer_opens_once_and_only_for_its_request(vault) -> None:
    vault.put()
    request, other = vault.request(), vault.request()
    reply = vault.deliver(request.query)
    with pytest.raises(DeliveryInvalidError):
        other.opened(reply.model_copy(update={"request_id": other.query.request_id}))
    assert request.opened(reply) == SECRET
    with pytest.raises(DeliveryInvalidError):
        request.opened(reply)


def test_an_answer_names_the_record_that_was_asked_for(vault) -> None:
    first, second = vault.put(secret=b"first"), vault.put(secret=b"second")
    request = vault.request(record_id=first)
    reply = vault.deliver(request.query)
    with pytest.raises(DeliveryInvalidError):
        request.opened(reply.model_copy(update={"record_id": second}))


def test_an_answer_is_bound_to_every_word_of_its_request(vault) -> None:
    """A broker that changes a question in any place gets an answer that opens for nobody."""
    vault.put()
    request = vault.request()
    changed = request.query.model_copy(update={"requested_at": vault.clock.now().replace(microsecond=1)})
    with pytest.raises(DeliveryInvalidError):
        request.opened(vault.deliver(changed))


def test_nothing_shows_the_one_time_key_or_the_secret(vault) -> None:
    vault.put()
    request = vault.request()
    reply = vault.deliver(request.query)
    assert reply.sealed_secret not in repr(reply)
    assert request.query.grant not in repr(request.query)
    assert dataclasses.is_dataclass(request) is False
    assert SECRET.decode() not in repr(request)


def test_the_sixty_first_delivery_of_a_minute_has_to_wait(vault) -> None:
    vault.put()
    grant = vault.grant(max_uses=100)
    for _ in range(60):
        vault.secret(vault.request(grant))
    vault.clock.advance(20)
    for _ in range(3):
        with pytest.raises(RateLimitedError, match="try again in 40 s"):
            vault.secret(vault.request(grant))
    limited = [row for row in vault.audited() if row.outcome == "limited"]
    assert [row.reason for row in limited] == ["deliver"]  # once in a window
    vault.clock.advance(40)
    assert vault.secret(vault.request(grant)) == SECRET
