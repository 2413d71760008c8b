"""Keyvault's answers and refusals, as auth's use cases see them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.auth.vault import Keyvault
from shared.contracts.refusals import (
    KeyUnavailableError,
    RateLimitedError,
    RecordCorruptError,
    TooManyAttemptsError,
    VaultDeniedError,
)
from shared.contracts.vault import CheckTotp, ConfirmTotp, NewTotp, RemoveTotp, TotpChecked, TotpMade, TotpRemoved
from shared.errors import BrokerUnavailableError, InfrastructureError

REPLY_KEY = "A" * 44
MADE = TotpMade(record_id="r", sealed_seed="A" * 64, expires_at=datetime(2030, 1, 1, tzinfo=UTC))


class Asked:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, Any, str]] = []

    def __call__(self, query: Any, reply: Any, account_id: str) -> Any:
        self.calls.append((query, reply, account_id))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_each_call_is_asked_in_the_name_of_the_account() -> None:
    for answer, act, query, reply in (
        (MADE, lambda vault: vault.new_totp("a", REPLY_KEY), NewTotp(reply_key=REPLY_KEY), TotpMade),
        (
            TotpChecked(valid=True),
            lambda vault: vault.confirm_totp("a", "r", "123456"),
            ConfirmTotp(record_id="r", code="123456"),
            TotpChecked,
        ),
        (
            TotpChecked(valid=True),
            lambda vault: vault.check_totp("a", "123456"),
            CheckTotp(code="123456"),
            TotpChecked,
        ),
        (TotpRemoved(), lambda vault: vault.remove_totp("a"), RemoveTotp(), TotpRemoved),
    ):
        asked = Asked(answer)
        act(Keyvault(asked))
        assert asked.calls == [(query, reply, "a")]


@pytest.mark.parametrize("refusal", [VaultDeniedError(), RecordCorruptError(), TotpChecked(valid=False)])
def test_a_seed_that_is_gone_or_damaged_has_no_right_code(refusal: Any) -> None:
    """The person uses a recovery code or a passkey; nobody learns more."""
    vault = Keyvault(Asked(refusal))
    assert not vault.check_totp("a", "123456")
    assert not vault.confirm_totp("a", "r", "123456")


@pytest.mark.parametrize(
    ("refusal", "seen_as"),
    [
        (RateLimitedError("wait 3 s"), TooManyAttemptsError),
        (KeyUnavailableError(), InfrastructureError),
        (BrokerUnavailableError(), BrokerUnavailableError),
    ],
)
def test_what_may_work_later_is_said_so(refusal: Exception, seen_as: type[Exception]) -> None:
    vault = Keyvault(Asked(refusal))
    for act in (lambda: vault.check_totp("a", "123456"), lambda: vault.confirm_totp("a", "r", "123456")):
        with pytest.raises(seen_as) as seen:
            act()
        assert seen.value.retryable
