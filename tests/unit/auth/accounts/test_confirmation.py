"""Confirmation links: one use, one day, one address."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from services.auth.domain.records import LinkPurpose
from services.auth.handlers.links import Links
from services.auth.tables import LINKS
from shared.contracts.accounts import ChangeAddress, ConfirmAddress, RequestAccepted, ResendConfirmation
from shared.contracts.refusals import LinkInvalidError, TooManyAttemptsError
from shared.errors import InvalidInputError

HOUR = 3_600


def confirm(desk, client, link: str):
    return desk.ask(ConfirmAddress(link=link, client=client))


def test_a_confirmation_link_is_good_once(desk, client) -> None:
    """ASVS 5.0 6.4.1."""
    desk.register()
    link = desk.link()
    assert confirm(desk, client, link) == RequestAccepted()
    account = desk.account("ada@example.org")
    assert (account.state, account.confirmed_at) == ("active", desk.clock.now())
    assert desk.facts() == ["account.registered", "account.confirmed"]
    assert desk.events(account)[-1] == ("address_confirmed", "succeeded")
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, link)


def test_of_two_confirmations_of_one_token_at_once_exactly_one_wins(desk, client) -> None:
    """ASVS 5.0 15.4.2, 2.3.3."""
    desk.register()
    link = desk.link()
    together = threading.Barrier(8)

    def try_it(_: int) -> bool:
        together.wait()
        try:
            confirm(desk, client, link)
        except LinkInvalidError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(8))) == 1
    assert desk.facts().count("account.confirmed") == 1


def test_a_confirmation_link_lives_24_hours(desk, client) -> None:
    """ASVS 5.0 6.4.1."""
    desk.register()
    link = desk.link()
    desk.clock.advance(24 * HOUR)
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, link)
    assert desk.account("ada@example.org").state == "unconfirmed"


def test_a_confirmation_link_is_bound_to_the_address_it_was_sent_to(desk, client) -> None:
    """ASVS 5.0 6.6.2: after an address change the link in the old mailbox confirms nothing."""
    desk.register()
    old = desk.link()
    session = desk.log_in()
    desk.ask(ChangeAddress(session=session.token, email="ada@new.example.org", client=client))
    confirm(desk, client, desk.link())
    account = desk.account("ada@new.example.org")
    assert account.state == "active"
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, old)


def test_a_link_that_went_to_another_address_confirms_nothing(desk, client) -> None:
    """ASVS 5.0 6.6.2: bound to the address at issue, whatever changed it."""
    desk.register()
    link = desk.link()
    account = desk.account("ada@example.org")
    with desk.store.transaction() as unit:
        unit.accounts.move(account.account_id, email="eve@example.org", key="eve@example.org")
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, link)
    assert desk.account("eve@example.org").state == "unconfirmed"


def test_of_many_uses_of_one_link_at_once_exactly_one_wins(desk) -> None:
    """ASVS 5.0 15.4.2, whatever the link is for."""
    desk.register()
    account = desk.account("ada@example.org")
    links, together = Links(), threading.Barrier(8)
    with desk.store.transaction() as unit:
        token = links.issue(unit, account.account_id, LinkPurpose.CANCEL_FACTOR_REMOVAL, account.email)

    def use(_: int) -> bool:
        together.wait()
        try:
            with desk.store.transaction() as unit:
                return links.redeem(unit, token, LinkPurpose.CANCEL_FACTOR_REMOVAL).email == account.email
        except LinkInvalidError:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(use, range(8))) == 1


def test_a_link_for_something_else_confirms_nothing(desk, client) -> None:
    desk.register()
    account = desk.account("ada@example.org")
    with desk.store.transaction() as unit:
        token = Links().issue(unit, account.account_id, LinkPurpose.RESET_PASSWORD, account.email)
    for link in (token, "x" * 43, ""):
        with pytest.raises((LinkInvalidError, InvalidInputError)):
            confirm(desk, client, link)
    assert desk.account("ada@example.org").state == "unconfirmed"


def test_only_a_hash_of_a_link_is_stored(desk) -> None:
    """ASVS 5.0 11.5.1: 32 random bytes, of which the database has the SHA-256."""
    desk.register()
    link = desk.link()
    assert link not in desk.everything()
    with desk.database.reading() as connection:
        stored = connection.scalars(select(LINKS.c.token_hash)).all()
    assert stored == [hashlib.sha256(link.encode()).hexdigest()]


def test_a_confirmation_can_be_sent_again_and_ends_the_earlier_link(desk, client) -> None:
    desk.register()
    first = desk.link()
    desk.ask(ResendConfirmation(email="ADA@example.org", client=client))
    with pytest.raises(LinkInvalidError):
        confirm(desk, client, first)  # even before the new mail is out
    confirm(desk, client, desk.link())
    assert desk.account("ada@example.org").state == "active"


def test_asking_for_a_confirmation_tells_nobody_who_has_an_account(desk, client) -> None:
    """ASVS 5.0 6.3.8."""
    desk.person("ada@example.org")
    desk.register("bob@example.org")
    told = desk.told()
    emails = ("nobody@example.org", "ada@example.org", "bob@example.org")
    answers = {desk.ask(ResendConfirmation(email=email, client=client)).model_dump_json() for email in emails}
    assert len(answers) == 1
    assert desk.told() == [*told, ("confirm_address", "bob@example.org")]


def test_nobody_can_have_a_mailbox_flooded_with_confirmations(desk, client) -> None:
    """ASVS 5.0 6.3.1."""
    desk.register()
    for _ in range(3):
        desk.ask(ResendConfirmation(email="ada@example.org", client=client))
    with pytest.raises(TooManyAttemptsError):
        desk.ask(ResendConfirmation(email="ada@example.org", client=client))


def test_an_unconfirmed_account_that_is_disabled_stays_disabled_when_it_is_confirmed(desk, client) -> None:
    desk.register()
    link = desk.link()
    account = desk.account("ada@example.org")
    with desk.store.transaction() as unit:
        unit.accounts.update(account.account_id, state="disabled")
    confirm(desk, client, link)
    account = desk.account("ada@example.org")
    assert (account.state, account.confirmed_at) == ("disabled", desk.clock.now())
