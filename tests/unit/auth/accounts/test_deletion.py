"""An owner asks for deletion, and may take it back until it happens."""

from __future__ import annotations

import pytest

from services.auth.handlers.identity import Identity
from shared.contracts.accounts import CancelDeletion, RequestDeletion
from shared.contracts.refusals import FreshAuthenticationNeededError, NotPermittedError, SessionInvalidError


@pytest.fixture
def session(desk):
    desk.person()
    return desk.log_in()


def request(desk, client, session) -> None:
    desk.ask(RequestDeletion(session=session.token, client=client))


def cancel(desk, client, session) -> None:
    desk.ask(CancelDeletion(session=session.token, client=client))


def test_asking_for_deletion_ends_all_sessions_and_tells_all_services(desk, client, session) -> None:
    """ASVS 5.0 7.4.2; GDPR article 17."""
    other = desk.log_in()
    request(desk, client, session)
    for ended in (session, other):
        with pytest.raises(SessionInvalidError):
            desk.view(ended)
    account = desk.account("ada@example.org")
    assert (account.state, account.deletion_requested_at) == ("deletion_requested", desk.clock.now())
    assert sorted(desk.facts()[-3:]) == ["account.deletion_requested", "session.revoked", "session.revoked"]
    assert desk.told()[-1] == ("deletion_requested", "ada@example.org")
    assert desk.events(account)[-1] == ("deletion_requested", "succeeded")


def test_deletion_needs_fresh_authentication(desk, client, session) -> None:
    """ASVS 5.0 7.5.3."""
    desk.clock.advance(300)
    with pytest.raises(FreshAuthenticationNeededError):
        request(desk, client, session)


def test_a_login_during_the_deletion_may_cancel_it_and_nothing_else(desk, client, session) -> None:
    request(desk, client, session)
    again = desk.log_in()
    assert again.state == "deletion_requested"
    with pytest.raises(NotPermittedError):
        desk.view(again)
    with pytest.raises(NotPermittedError):
        request(desk, client, again)
    cancel(desk, client, again)
    account = desk.account("ada@example.org")
    assert (account.state, account.deletion_requested_at) == ("active", None)
    assert desk.view(again).state == "active"
    assert desk.facts()[-1] == "account.deletion_cancelled"
    assert desk.told()[-1] == ("deletion_cancelled", "ada@example.org")


def test_cancelling_twice_changes_nothing_more(desk, client, session) -> None:
    request(desk, client, session)
    again = desk.log_in()
    cancel(desk, client, again)
    facts, told = desk.facts(), desk.told()
    cancel(desk, client, again)
    assert (desk.facts(), desk.told()) == (facts, told)


def test_an_unconfirmed_account_is_unconfirmed_again_after_a_cancelled_deletion(desk, client) -> None:
    desk.register()
    request(desk, client, desk.log_in())
    cancel(desk, client, desk.log_in())
    assert desk.account("ada@example.org").state == "unconfirmed"


def test_a_deletion_asked_for_while_an_administrator_disables_the_account_does_not_enable_it(
    desk, client, session, monkeypatch
) -> None:
    """ASVS 5.0 7.4.2, 15.4.2: the state is looked at again once nobody else can change it."""
    require = Identity.require

    def disabled_meanwhile(self, unit, *args, **kwargs):
        found = require(self, unit, *args, **kwargs)
        unit.accounts.update(found[1].account_id, state="disabled")
        return found

    with monkeypatch.context() as racing:
        racing.setattr(Identity, "require", disabled_meanwhile)
        with pytest.raises(SessionInvalidError):
            request(desk, client, session)
    assert "account.deletion_requested" not in desk.facts()
