"""Many replicas at once: uses are counted exactly, the chain has no gap, and a request is answered once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.keyvault.domain.limits import DELIVERIES, Limit
from shared.contracts.refusals import RateLimitedError, VaultDeniedError
from shared.errors import StudiomaticError

SECRET = b"sk-test-secret-of-the-first-account"


def outcomes(*acts: Callable[[], object]) -> list[object]:
    """What each act gave or raised, all done at the same time."""

    def outcome(act: Callable[[], object]) -> object:
        try:
            return act()
        except StudiomaticError as error:
            return type(error)

    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(outcome, acts))


def test_fifty_parallel_deliveries_on_a_grant_of_five_give_exactly_five(vault) -> None:
    vault.put()
    grant = vault.grant(max_uses=5)
    replicas = [vault, vault.replica(), vault.replica()]
    acts = [lambda n=n: replicas[n % 3].secret(vault.request(grant)) for n in range(50)]

    found = outcomes(*acts)

    assert found.count(SECRET) == 5
    assert found.count(VaultDeniedError) == 45
    audited = vault.audited()
    assert [row.sequence for row in audited] == list(range(1, 51))
    assert sum(row.outcome == "allowed" for row in audited) == 5
    assert sum(row.reason == "used_up" for row in audited) == 45
    assert vault.audit.verify(()).whole


def test_a_request_that_arrives_many_times_at_once_is_answered_once(vault) -> None:
    vault.put()
    query = vault.request().query
    found = outcomes(*[lambda: vault.replica().deliver(query) for _ in range(10)])
    assert found.count(VaultDeniedError) == 9


def test_two_replicas_let_no_more_through_than_one(vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.keyvault.handlers.delivery.DELIVERIES", Limit(name=DELIVERIES.name, most=7))
    vault.put()
    grant, second = vault.grant(max_uses=100), vault.replica()
    found = outcomes(*[lambda n=n: (vault, second)[n % 2].secret(vault.request(grant)) for n in range(20)])
    assert found.count(SECRET) == 7
    assert found.count(RateLimitedError) == 13
    assert sum(row.outcome == "limited" for row in vault.audited()) == 1


def test_heads_signed_by_many_at_once_are_one(vault) -> None:
    vault.put()
    vault.secret()
    vault.clock.advance(61)
    assert sum(outcomes(*[lambda: vault.replica().audit.sign_if_due() for _ in range(5)])) == 1
    assert len(vault.heads()) == len(vault.published()) == 1
