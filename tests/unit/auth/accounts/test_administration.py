"""Administrators, and how the first one becomes one."""

from __future__ import annotations

import pytest

from shared.contracts.accounts import (
    CancelDeletion,
    DisableAccount,
    EnableAccount,
    MakeFirstAdministrator,
    RequestDeletion,
)
from shared.contracts.refusals import (
    AccessRefusedError,
    CredentialsInvalidError,
    FreshAuthenticationNeededError,
    NotPermittedError,
    SessionInvalidError,
    TooManyAttemptsError,
)
from shared.errors import InvalidInputError, NotFoundError

EMAIL = "ada@example.org"
DAY = 24 * 3_600


def disable(desk, administrator, email: str = EMAIL) -> None:
    desk.ask(DisableAccount(session=administrator.token, email=email))


def enable(desk, administrator, email: str = EMAIL) -> None:
    desk.ask(EnableAccount(session=administrator.token, email=email))


def make(desk, token: str, email: str = EMAIL) -> None:
    desk.ask(MakeFirstAdministrator(token=token, email=email))


def test_disabling_an_account_ends_its_sessions_at_once_and_tells_all_services(desk) -> None:
    """ASVS 5.0 7.4.2."""
    administrator = desk.administrator()
    desk.person()
    session = desk.log_in()
    disable(desk, administrator)
    with pytest.raises(SessionInvalidError):
        desk.view(session)
    with pytest.raises(CredentialsInvalidError):
        desk.log_in()
    assert desk.facts()[-2:] == ["session.revoked", "account.disabled"]
    assert desk.told()[-1] == ("account_disabled", EMAIL)
    facts, told = desk.facts(), desk.told()
    disable(desk, administrator)
    assert (desk.facts(), desk.told()) == (facts, told)


def test_an_enabled_account_can_log_in_again(desk) -> None:
    administrator = desk.administrator()
    desk.person()
    disable(desk, administrator)
    enable(desk, administrator)
    assert desk.log_in().state == "active"
    assert desk.facts().count("account.enabled") == 1
    enable(desk, administrator)
    assert desk.facts().count("account.enabled") == 1


def test_a_deletion_that_was_asked_for_survives_being_disabled(desk, client) -> None:
    """Privacy policy, "Your Rights": nothing an administrator does takes the right away."""
    administrator = desk.administrator()
    desk.person()
    desk.ask(RequestDeletion(session=desk.log_in().token, client=client))
    disable(desk, administrator)
    enable(desk, administrator)
    assert desk.account(EMAIL).state == "deletion_requested"
    desk.ask(CancelDeletion(session=desk.log_in().token, client=client))
    assert desk.account(EMAIL).state == "active"


def test_only_administrators_disable_and_only_freshly_authenticated(desk) -> None:
    """ASVS 5.0 8.2.1, 7.5.3."""
    administrator = desk.administrator()
    desk.person()
    for action in (disable, enable):
        with pytest.raises(NotPermittedError):
            action(desk, desk.log_in(), "root@example.org")
    desk.clock.advance(300)
    with pytest.raises(FreshAuthenticationNeededError):
        disable(desk, administrator)


def test_an_administrator_cannot_lock_himself_out(desk) -> None:
    administrator = desk.administrator()
    with pytest.raises(NotPermittedError):
        disable(desk, administrator, "root@example.org")


def test_an_address_without_account_is_not_found(desk) -> None:
    administrator = desk.administrator()
    for action in (disable, enable):
        with pytest.raises(NotFoundError):
            action(desk, administrator)


def test_the_first_administrator_needs_the_token_that_is_shown_once(desk) -> None:
    """ASVS 5.0 6.3.2: no default accounts; only the hash of the token is stored."""
    desk.person()
    token = desk.auth.first_administrator.offer()
    assert desk.auth.first_administrator.offer() is None
    assert token not in desk.everything()
    with pytest.raises(AccessRefusedError):
        make(desk, "x" * 43)
    make(desk, token)
    assert desk.account(EMAIL).role == "administrator"
    assert desk.events(desk.account(EMAIL))[-1] == ("made_administrator", "succeeded")
    desk.person("bob@example.org")
    with pytest.raises(AccessRefusedError):
        make(desk, token, "bob@example.org")
    assert desk.account("bob@example.org").role == "user"
    desk.clock.advance(2 * DAY)
    assert desk.auth.first_administrator.offer() is None


def test_the_token_stays_good_when_the_address_is_not_confirmed(desk, client) -> None:
    token = desk.auth.first_administrator.offer()
    desk.register()
    for email in (EMAIL, "nobody@example.org"):
        with pytest.raises(InvalidInputError, match="confirm"):
            make(desk, token, email)
    desk.person("bob@example.org")
    make(desk, token, "bob@example.org")


def test_a_token_that_nobody_used_for_a_day_is_replaced_at_the_next_start(desk) -> None:
    desk.person()
    lost = desk.auth.first_administrator.offer()
    desk.clock.advance(DAY)
    found = desk.auth.first_administrator.offer()
    with pytest.raises(AccessRefusedError):
        make(desk, lost)
    make(desk, found)


def test_tokens_cannot_be_tried_for_ever(desk) -> None:
    """ASVS 5.0 6.3.1."""
    desk.person()
    desk.auth.first_administrator.offer()
    with pytest.raises(TooManyAttemptsError):  # noqa: PT012  # which of the tries is slowed down is not the point
        for _ in range(10):
            with pytest.raises(AccessRefusedError) as refused:
                make(desk, "x" * 43)
            if isinstance(refused.value, TooManyAttemptsError):
                raise refused.value
