"""What has had its time is deleted, and nothing else."""

from __future__ import annotations

from sqlalchemy import func, select

from services.auth.domain.records import LinkPurpose
from services.auth.domain.sessions import DEVICE_KEPT
from services.auth.domain.throttle import KEPT_FOR
from services.auth.handlers.sweeping import AT_ONCE
from services.auth.tables import CHALLENGES, DEVICES, LINKS, SECURITY_EVENTS, SESSIONS, THROTTLES
from shared.contracts.refusals import CredentialsInvalidError
from shared.contracts.sessions import LogIn, LogOut
from shared.ids import new_id

DAY = 24 * 3600


def count(desk, table) -> int:
    with desk.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def sweep(desk, after_s: float) -> None:
    desk.clock.advance(after_s)
    desk.auth.sweeping.sweep()


def test_sessions_that_ended_are_deleted(desk) -> None:
    """GDPR Art. 5(1)(e)."""
    desk.person()
    desk.ask(LogOut(session=desk.log_in().token))
    desk.log_in()
    sweep(desk, 0)
    assert count(desk, SESSIONS) == 1
    sweep(desk, 30 * DAY)
    assert count(desk, SESSIONS) == 0


def test_links_and_challenges_that_expired_are_deleted(desk, client) -> None:
    """GDPR Art. 5(1)(e)."""
    account = desk.person()
    desk.with_totp(account)
    desk.ask(LogIn(email=account.email, password="thirteen plums on ice", client=client))
    desk.link(account, LinkPurpose.CONFIRM_ADDRESS)
    sweep(desk, 299)
    assert (count(desk, CHALLENGES), count(desk, LINKS)) == (1, 1)
    sweep(desk, DAY)
    assert (count(desk, CHALLENGES), count(desk, LINKS)) == (0, 0)


def test_devices_that_were_not_used_for_long_are_strangers_again(desk) -> None:
    desk.person()
    desk.log_in()
    sweep(desk, DEVICE_KEPT.total_seconds() - 1)
    assert count(desk, DEVICES) == 1
    sweep(desk, 2)
    assert count(desk, DEVICES) == 0


def test_counts_of_failures_are_kept_for_a_year_and_empty_ones_for_an_hour(desk, client) -> None:
    """NIST SP 800-63B-4 3.2.2: a row of failures is not forgotten because somebody waits."""
    desk.person()
    desk.log_in()
    sweep(desk, 3601)
    assert count(desk, THROTTLES) == 0
    try:
        desk.log_in(password="seventeen pears on fire")
    except CredentialsInvalidError:
        sweep(desk, KEPT_FOR.total_seconds() - 1)
    assert count(desk, THROTTLES) == 3
    sweep(desk, 2)
    assert count(desk, THROTTLES) == 0


def test_a_sweep_deletes_some_at_a_time_and_says_when_there_is_more(desk) -> None:
    """Nobody waits long for a lock."""
    rows = [
        {
            "event_id": new_id(),
            "account_id": "a",
            "kind": "login",
            "outcome": "failed",
            "ip": "",
            "browser": "",
            "occurred_at": desk.clock.now(),
        }
        for _ in range(AT_ONCE + 5)
    ]
    with desk.database.transaction() as connection:
        connection.execute(SECURITY_EVENTS.insert(), rows)
    desk.clock.advance(91 * DAY)
    assert desk.auth.sweeping.sweep() > 0
    assert count(desk, SECURITY_EVENTS) == 5
    assert desk.auth.sweeping.sweep() == 0
    assert count(desk, SECURITY_EVENTS) == 0
