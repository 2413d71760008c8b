"""Limits are counted in the database: by all replicas together, and over a restart."""

from __future__ import annotations

import contextlib

import pytest

from services.keyvault.domain.audit import Action
from services.keyvault.domain.limits import ALL_DELIVERIES, DELIVERIES, DENIALS, Limit
from shared.contracts.refusals import RateLimitedError, VaultDeniedError
from shared.contracts.vault import Provider

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SECRET = b"sk-test-secret-of-the-first-account"


@pytest.fixture
def few_deliveries(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit that is reached quickly."""
    limit = Limit(name=DELIVERIES.name, most=3)
    monkeypatch.setattr("services.keyvault.handlers.delivery.DELIVERIES", limit)
    return limit.most


def write(vault, account: str = ACCOUNT) -> None:
    vault.limits.require_write(account, actor="edge", action=Action.PUT_KEY)


def test_ten_changes_a_minute_and_no_more(vault) -> None:
    for _ in range(10):
        write(vault)
    with pytest.raises(RateLimitedError, match="try again in 60 s"):
        write(vault)
    write(vault, OTHER)  # another account has its own count
    vault.clock.advance(60)
    write(vault)


def test_two_replicas_count_together_and_a_restart_forgets_nothing(vault) -> None:
    second = vault.replica()
    for _ in range(5):
        write(vault)
        write(second)
    for each in (vault, second, vault.replica()):
        with pytest.raises(RateLimitedError):
            write(each)


def test_what_is_over_the_limit_is_audited_once_in_a_window(vault) -> None:
    for _ in range(2):
        for _ in range(15):
            with contextlib.suppress(RateLimitedError):
                write(vault)
        vault.clock.advance(60)
    assert [(row.outcome, row.reason) for row in vault.audited()] == [("limited", "write")] * 2


def test_each_provider_of_an_account_has_its_own_limit(vault, few_deliveries) -> None:
    vault.put()
    vault.put(provider=Provider.MINIMAX, secret=b"other")
    grant = vault.grant(max_uses=100)
    for _ in range(few_deliveries):
        vault.secret(vault.request(grant))
    with pytest.raises(RateLimitedError):
        vault.secret(vault.request(grant))
    assert vault.secret(vault.request(grant, Provider.MINIMAX)) == b"other"


def test_a_delivery_over_the_limit_costs_no_use_of_the_grant(vault, few_deliveries) -> None:
    vault.put()
    grant = vault.grant(max_uses=few_deliveries + 1)
    for _ in range(few_deliveries):
        vault.secret(vault.request(grant))
    with pytest.raises(RateLimitedError):
        vault.secret(vault.request(grant))
    vault.clock.advance(60)
    assert vault.secret(vault.request(grant)) == SECRET
    with pytest.raises(VaultDeniedError):
        vault.secret(vault.request(grant))


def test_a_breaker_stops_deliveries_of_all_accounts(vault, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limit(name=ALL_DELIVERIES.name, most=2)
    monkeypatch.setattr("services.keyvault.handlers.delivery.ALL_DELIVERIES", few)
    vault.put()
    vault.put(OTHER)
    theirs = vault.grant(vault.job_token(account_id=OTHER))
    for _ in range(2):
        vault.secret()
    with pytest.raises(RateLimitedError):
        vault.secret(vault.request(theirs), account=OTHER)


def test_a_flood_of_refused_requests_does_not_fill_the_audit(vault, monkeypatch: pytest.MonkeyPatch) -> None:
    few = Limit(name=DENIALS.name, most=3)
    monkeypatch.setattr("services.keyvault.handlers.delivery.DENIALS", few)
    for _ in range(10):
        with pytest.raises(VaultDeniedError):
            vault.secret(vault.request("no grant"))
    assert [row.outcome for row in vault.audited()] == ["denied"] * 3 + ["limited"]


def test_a_window_of_a_clock_that_was_wrong_does_not_last(vault) -> None:
    vault.clock.advance(3_600)
    for _ in range(11):
        with contextlib.suppress(RateLimitedError):
            write(vault)
    vault.clock.advance(-3_600)
    write(vault)


def test_old_counts_uses_and_requests_are_forgotten(vault) -> None:
    vault.put()
    vault.secret()
    assert vault.deliveries.forget_old() == 0
    vault.clock.advance(24 * 3_600)
    assert vault.deliveries.forget_old() == 4  # request, grant, and the counts of account and vault
