"""What the bus refuses before any handler sees it is in the audit, too."""

from __future__ import annotations

from services.keyvault.domain.limits import FORGERIES, Limit
from services.keyvault.handlers.refused_calls import RefusedCalls, action_of
from shared.bus.guarding import ReplayedError
from shared.contracts.envelope import enclose
from shared.contracts.registry import queries_of
from shared.errors import NotGenuineError


def test_every_call_of_the_vault_has_a_word_in_the_audit() -> None:
    assert {action_of(query.type).value for query in queries_of("keyvault")} == {
        query.type.split(".")[1] for query in queries_of("keyvault")
    }


def test_a_forged_and_a_repeated_call_are_audited_without_a_word_of_them(vault) -> None:
    calls = RefusedCalls(vault.store, vault.audit, vault.limits)
    envelope = enclose(vault.request().query, source="/studiomatic/content", account_id="sk-CANARY")
    calls.record(envelope, NotGenuineError())
    calls.record(envelope, ReplayedError())
    rows = vault.audited()
    assert [(row.actor, row.action, row.outcome, row.reason) for row in rows] == [
        ("-", "deliver_key", "denied", "not_genuine"),
        ("-", "deliver_key", "denied", "replay"),
    ]
    assert "CANARY" not in str(rows)


def test_a_flood_of_forged_calls_does_not_fill_the_audit(vault, monkeypatch) -> None:
    monkeypatch.setattr("services.keyvault.handlers.refused_calls.FORGERIES", Limit(name=FORGERIES.name, most=2))
    calls = RefusedCalls(vault.store, vault.audit, vault.limits)
    for _ in range(5):
        calls.record(enclose(vault.request().query, source="/x"), NotGenuineError())
    assert [row.outcome for row in vault.audited()] == ["denied", "denied", "limited"]
