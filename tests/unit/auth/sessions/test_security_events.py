"""What happened to an account, for its owner to see; and what he is told by mail."""

from __future__ import annotations

from datetime import UTC

import pytest

from services.auth.domain.browsers import browser_family
from services.auth.domain.throttle import MANY_FAILURES
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import AccessRefusedError, CredentialsInvalidError, TooManyAttemptsError
from shared.contracts.sessions import ListSecurityEvents, LogIn, LogOut

DAY = 24 * 3600


def guess(desk, client: ClientInfo) -> None:
    with pytest.raises(AccessRefusedError):
        desk.ask(LogIn(email="ada@example.org", password="seventeen pears on fire", client=client))


def fail_often(desk, times: int = MANY_FAILURES) -> None:
    for number in range(times):
        desk.clock.advance(901)
        guess(desk, ClientInfo(ip=f"198.51.100.{number}"))


def test_owners_see_what_happened_the_newest_first(desk, client) -> None:
    """Behaviour 42. ASVS 5.0 16.2.1, 16.3.1; times in UTC (16.2.2)."""
    desk.person()
    guess(desk, client)
    desk.clock.advance(1)
    session = desk.log_in()
    events = desk.ask(ListSecurityEvents(session=session.token)).events
    assert [(event.kind, event.outcome) for event in events] == [("login", "succeeded"), ("login", "failed")]
    assert events[0].ip == client.ip
    assert events[0].browser == "Firefox"
    assert events[0].occurred_at.tzinfo is UTC


def test_owners_see_nothing_of_others(desk, client) -> None:
    """Behaviour 42."""
    desk.person()
    desk.person("bob@example.org")
    guess(desk, client)
    session = desk.log_in("bob@example.org")
    assert len(desk.ask(ListSecurityEvents(session=session.token)).events) == 1


def test_events_hold_no_secret_and_no_name_of_a_program(desk) -> None:
    """Behaviour 42. ASVS 5.0 16.2.5."""
    client = ClientInfo(ip="192.0.2.7", user_agent="Mozilla/5.0 Firefox/140.0 CANARY-7f3a")
    account = desk.person()
    session = desk.log_in(client=client)
    guess(desk, client)
    desk.ask(LogOut(session=session.token))
    assert len(desk.events(account.account_id)) == 3
    stored = desk.everything()
    assert not any(secret in stored for secret in ("CANARY", "plums", "pears", session.token))


def test_throttled_attempts_are_noted_once_in_a_row(desk, client) -> None:
    """Behaviour 42: whoever is refused without any work cannot fill the table."""
    account = desk.person()
    for _ in range(5):
        guess(desk, client)
    for _ in range(20):
        with pytest.raises(TooManyAttemptsError):
            desk.ask(LogIn(email=account.email, password="seventeen pears on fire", client=client))
    assert desk.events(account.account_id) == [("login", "failed")] * 5 + [("login", "throttled")]


def test_events_are_kept_for_90_days(desk, client) -> None:
    """Behaviour 42."""
    account = desk.person()
    guess(desk, client)
    desk.clock.advance(89 * DAY)
    desk.auth.sweeping.sweep()
    assert len(desk.events(account.account_id)) == 1
    desk.clock.advance(1 * DAY + 1)
    desk.auth.sweeping.sweep()
    assert desk.events(account.account_id) == []


def test_a_login_on_a_new_device_is_told_by_mail(desk, client) -> None:
    """Behaviour 43. ASVS 5.0 6.3.5."""
    account = desk.person()
    device = desk.log_in().device
    assert desk.letters(account) == []  # the first one ever is no surprise
    desk.log_in(client=client.model_copy(update={"device": device}))
    assert desk.letters(account) == []
    desk.log_in(client=client.model_copy(update={"device": "x" * 43}))
    assert desk.letters(account) == ["new_device"]


def test_a_login_after_many_failures_is_told_by_mail(desk, client) -> None:
    """Behaviour 43. ASVS 5.0 6.3.5."""
    account = desk.person()
    fail_often(desk, MANY_FAILURES - 1)
    desk.clock.advance(901)
    desk.log_in()
    assert desk.letters(account) == []
    fail_often(desk)
    desk.clock.advance(901)
    desk.log_in(client=client)
    assert "many_failures" in desk.letters(account)


def test_many_failures_are_told_although_nobody_gets_in_and_once_a_day(desk) -> None:
    """Behaviour 43. ASVS 5.0 6.3.5."""
    account = desk.person()
    fail_often(desk, MANY_FAILURES - 1)
    desk.auth.suspicions.look_for_failures()
    assert desk.letters(account) == []
    fail_often(desk, 1)
    for _ in range(3):
        desk.auth.suspicions.look_for_failures()
    assert desk.letters(account) == ["many_failures"]


def test_a_failing_login_itself_writes_to_nobody(desk, client) -> None:
    """Behaviours 11 and 43: else it took longer than one at an account that does not exist."""
    account = desk.person()
    fail_often(desk, MANY_FAILURES + 2)
    assert desk.letters(account) == []


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
            "Chrome",
        ),
        (
            "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            "Safari",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge"),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 OPR/120.0", "Opera"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Safari/605.1.15", "Firefox"),
        ("studio/1.0", "studio"),
        ("", "other"),
        ("my private program", "other"),
    ],
)
def test_of_a_browser_only_its_family_is_kept(user_agent: str, family: str) -> None:
    """S10: browser type."""
    assert browser_family(user_agent) == family


def test_a_wrong_password_and_a_throttled_one_are_told_apart_by_their_owner_only(desk, client) -> None:
    """ASVS 5.0 16.3.1."""
    desk.person()
    with pytest.raises(CredentialsInvalidError):
        desk.ask(LogIn(email="ada@example.org", password="seventeen pears on fire", client=client))
