"""What was never finished is deleted."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from shared.contracts.accounts import ConfirmAddress
from shared.contracts.refusals import LinkInvalidError

DAY = 24 * 3_600


def test_an_unconfirmed_account_is_purged_after_seven_days_with_all_that_is_kept_of_it(desk) -> None:
    """Privacy policy, "Data Retention"."""
    empty = desk.rows()
    desk.register()
    desk.deliver()
    desk.log_in()
    account = desk.account("ada@example.org")
    desk.clock.advance(7 * DAY - 1)
    assert desk.auth.purging.purge_unconfirmed() == 0
    desk.clock.advance(1)
    assert desk.auth.purging.purge_unconfirmed() == 1
    assert desk.facts()[-1] == "account.purged"
    rows = desk.rows()
    left = {name for name in rows if rows[name] != empty[name]}
    assert left <= {"outbox", "throttles"}  # both expire, neither names the person
    assert "ada@example.org" not in desk.everything().lower()
    assert "Lovelace" not in desk.everything()
    assert account.account_id in desk.everything()  # only in the facts
    desk.register()  # the address is free again
    assert desk.rows()["accounts"] == 1


def test_an_account_that_was_confirmed_is_kept(desk) -> None:
    """Privacy policy, "Data Retention": as long as it is active."""
    desk.person()
    desk.clock.advance(400 * DAY)
    assert desk.auth.purging.purge_unconfirmed() == 0
    assert desk.account("ada@example.org").state == "active"


def test_of_a_purge_and_a_confirmation_at_once_one_wins(desk, client) -> None:
    """ASVS 5.0 15.4.2: the account is either confirmed or gone, never half of both."""
    for number in range(5):
        email = f"person{number}@example.org"
        desk.register(email)
        desk.clock.advance(7 * DAY - 10)
        link = desk.link()
        desk.clock.advance(10)
        together = threading.Barrier(2)

        def confirm(link: str = link, together: threading.Barrier = together) -> bool:
            together.wait()
            try:
                desk.ask(ConfirmAddress(link=link, client=client))
            except LinkInvalidError:
                return False
            return True

        def purge(together: threading.Barrier = together) -> None:
            together.wait()
            desk.auth.purging.purge_unconfirmed()

        with ThreadPoolExecutor(2) as pool:
            confirmed = pool.submit(confirm)
            pool.submit(purge).result()
        with desk.store.reading() as unit:
            account = unit.accounts.by_address(email)
        assert (account is not None) == confirmed.result()
        assert account is None or account.state == "active"


def test_mails_that_were_sent_are_forgotten_after_a_week(desk) -> None:
    desk.person()
    assert desk.rows()["mails"] == 1
    desk.clock.advance(7 * DAY - 1)
    desk.auth.purging.purge_some()
    assert desk.rows()["mails"] == 1
    desk.clock.advance(1)
    desk.auth.purging.purge_some()
    assert desk.rows()["mails"] == 0
