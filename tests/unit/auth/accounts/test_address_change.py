"""E-mail changes: both addresses are told, and the old one can take it back."""

from __future__ import annotations

import pytest

from shared.contracts.accounts import ChangeAddress, ConfirmAddress, RevertAddressChange
from shared.contracts.refusals import FreshAuthenticationNeededError, LinkInvalidError, SessionInvalidError
from shared.contracts.sessions import ChangePassword, RequestPasswordReset, ResetPassword
from shared.errors import InvalidInputError

HOUR = 3_600
OLD, NEW = "ada@example.org", "ada@new.example.org"


@pytest.fixture
def session(desk):
    desk.person(OLD)
    return desk.log_in()


def change(desk, client, session, email: str = NEW) -> dict[str, str]:
    """Ask for a change; the links in the mails, by template."""
    desk.ask(ChangeAddress(session=session.token, email=email, client=client))
    mails = desk.deliver()
    return {mail.template: mail.text.partition("#")[2][:43] for mail in mails}


def confirm(desk, client, link: str) -> None:
    desk.ask(ConfirmAddress(link=link, client=client))


def revert(desk, client, link: str) -> None:
    desk.ask(RevertAddressChange(link=link, client=client))


def test_both_addresses_are_told_of_a_change(desk, client, session) -> None:
    """ASVS 5.0 6.3.7, 7.5.1."""
    links = change(desk, client, session)
    assert desk.told()[-2:] == [("confirm_new_address", NEW), ("address_change_requested", OLD)]
    assert NEW in desk.mails.sent[-1].text
    view = desk.view(session)
    assert (view.email, view.new_email) == (OLD, NEW)
    confirm(desk, client, links["confirm_new_address"])
    view = desk.view(session)
    assert (view.email, view.new_email) == (NEW, None)
    assert desk.facts()[-1] == "account.updated"
    kinds = [kind for kind, _ in desk.events(desk.account(NEW))]
    assert kinds[-2:] == ["address_change_requested", "address_changed"]
    assert desk.log_in(NEW)


def test_a_change_needs_fresh_authentication(desk, client, session) -> None:
    """ASVS 5.0 7.5.1."""
    desk.clock.advance(5 * 60)
    with pytest.raises(FreshAuthenticationNeededError):
        change(desk, client, session)
    change(desk, client, desk.prove_again(session))


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_old_address_can_take_the_change_back_for_72_hours(desk, client, session, confirmed: bool) -> None:
    """ASVS 5.0 6.3.7: before and after the new address was confirmed; all sessions end."""
    links = change(desk, client, session)
    if confirmed:
        confirm(desk, client, links["confirm_new_address"])
    desk.clock.advance(72 * HOUR - 1)
    revert(desk, client, links["address_change_requested"])
    account = desk.account(OLD)
    assert (account.email, account.new_email) == (OLD, None)
    assert desk.events(account)[-1] == ("address_reverted", "succeeded")
    with pytest.raises(SessionInvalidError):
        desk.view(session)
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, links["confirm_new_address"])
    with pytest.raises(LinkInvalidError):
        revert(desk, client, links["address_change_requested"])


def test_after_72_hours_a_change_cannot_be_taken_back(desk, client, session) -> None:
    links = change(desk, client, session)
    confirm(desk, client, links["confirm_new_address"])
    desk.clock.advance(72 * HOUR)
    with pytest.raises(LinkInvalidError):
        revert(desk, client, links["address_change_requested"])


def test_a_second_change_does_not_take_the_first_owners_link_away(desk, client, session) -> None:
    """Somebody who stole a session changes the address twice: the first address still gets the account back."""
    first = change(desk, client, session)
    confirm(desk, client, first["confirm_new_address"])
    second = change(desk, client, session, "eve@example.org")
    confirm(desk, client, second["confirm_new_address"])
    revert(desk, client, first["address_change_requested"])
    assert desk.account(OLD).email == OLD
    with pytest.raises(LinkInvalidError):
        revert(desk, client, second["address_change_requested"])


def test_a_new_request_ends_the_link_of_the_earlier_one(desk, client, session) -> None:
    first = change(desk, client, session)
    change(desk, client, session, "other@example.org")
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, first["confirm_new_address"])


def test_changing_to_somebody_elses_address_looks_the_same_and_tells_him(desk, client, session) -> None:
    """ASVS 5.0 6.3.8."""
    desk.person("bob@example.org")
    links = change(desk, client, session, "bob@example.org")
    assert set(links) == {"address_already_registered", "address_change_requested"}
    assert desk.view(session).new_email == "bob@example.org"  # as with a free address
    assert desk.account("bob@example.org").account_id != session.account_id


def test_who_opened_an_account_with_an_address_and_never_confirmed_it_does_not_keep_it(
    desk, client, session
) -> None:
    desk.register("squatted@example.org")
    links = change(desk, client, session, "squatted@example.org")
    confirm(desk, client, links["confirm_new_address"])
    assert desk.account("squatted@example.org").account_id == session.account_id
    assert "account.purged" in desk.facts()


def test_an_address_that_was_confirmed_by_another_meanwhile_is_not_taken(desk, client, session) -> None:
    links = change(desk, client, session)
    desk.person(NEW)
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, links["confirm_new_address"])
    assert desk.account(OLD).account_id == session.account_id


def test_an_address_that_was_never_confirmed_gets_no_link_back(desk, client) -> None:
    """A mistyped address may be a stranger's: he must not be able to take the account."""
    desk.register(OLD)
    links = change(desk, client, desk.log_in())
    assert "address_change_requested" not in links
    confirm(desk, client, links["confirm_new_address"])
    assert desk.account(NEW).state == "active"


def test_the_accounts_own_address_is_no_change(desk, client, session) -> None:
    with pytest.raises(InvalidInputError):
        change(desk, client, session, "ADA@EXAMPLE.ORG")


def test_a_later_way_back_does_not_end_an_earlier_one(desk, client, session) -> None:
    """ASVS 5.0 6.3.7: a thief who moves the account twice cannot take the owner's link away by following his own."""
    owners = change(desk, client, session)
    confirm(desk, client, owners["confirm_new_address"])
    desk.clock.advance(60)
    thiefs = change(desk, client, session, "further@new.example.org")
    revert(desk, client, thiefs["address_change_requested"])
    revert(desk, client, owners["address_change_requested"])
    assert desk.log_in(OLD)


def test_who_takes_a_change_back_ends_the_ways_back_of_later_ones(desk, client, session) -> None:
    """ASVS 5.0 6.3.7."""
    owners = change(desk, client, session)
    confirm(desk, client, owners["confirm_new_address"])
    desk.clock.advance(60)
    thiefs = change(desk, client, session, "further@new.example.org")
    revert(desk, client, owners["address_change_requested"])
    with pytest.raises(LinkInvalidError):
        revert(desk, client, thiefs["address_change_requested"])


@pytest.mark.parametrize("by_mail", [False, True])
def test_another_password_ends_a_change_that_waits_for_its_link(desk, client, session, password, by_mail) -> None:
    """ASVS 5.0 6.3.7: who may have lost his password ends with it what a thief has begun."""
    links = change(desk, client, session)
    if by_mail:
        desk.ask(RequestPasswordReset(email=OLD, client=client))
        desk.deliver()
        desk.ask(ResetPassword(link=desk.link(), new_password="eleven figs in the snow", client=client))
    else:
        desk.ask(
            ChangePassword(
                session=session.token,
                current_password=password,
                new_password="eleven figs in the snow",
                client=client,
            )
        )
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, links["confirm_new_address"])
    assert desk.account(OLD).new_email is None


def test_who_opened_an_account_with_the_address_of_somebody_else_does_not_take_it_from_him(desk, client) -> None:
    """ASVS 5.0 6.4.1: nothing that was begun before the mailbox was shown to be the owner's outlives it."""
    desk.register(OLD)
    first_mail = desk.deliver()[-1]
    thief = desk.log_in(OLD)
    links = change(desk, client, thief)
    confirm(desk, client, first_mail.text.partition("#")[2][:43])
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, links["confirm_new_address"])
    assert desk.account(OLD).new_email is None
