"""Two at once: with one session, one password, one link, one account; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from services.auth.domain.records import LinkPurpose
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import (
    CredentialsInvalidError,
    LinkInvalidError,
    SessionInvalidError,
    TooManyAttemptsError,
)
from shared.contracts.sessions import ChangePassword, CheckSession, LogIn, ResetPassword, SessionOpened

EMAIL = "ada@example.org"
NEW = "eleven figs in the snow"
OTHER = "a dozen wet umbrellas"


def elsewhere(number: int) -> ClientInfo:
    """Somebody in a network of his own."""
    return ClientInfo(ip=f"198.51.{number // 256}.{number % 256}")


def guess(desk: Any, client: ClientInfo, email: str = EMAIL) -> str:
    """One wrong password: ``wrong`` when it was looked at, ``wait`` when it was not."""
    try:
        desk.ask(LogIn(email=email, password="seventeen pears on fire", client=client))
    except CredentialsInvalidError:
        return "wrong"
    except TooManyAttemptsError:
        return "wait"
    raise AssertionError


def check(desk, session: SessionOpened, client):
    return desk.ask(CheckSession(session=session.token, client=client))


def change(desk, session: SessionOpened, client, **changes) -> SessionOpened:
    values = {
        "session": session.token,
        "current_password": "thirteen plums on ice",
        "new_password": NEW,
        "client": client,
    }
    return desk.ask(ChangePassword(**{**values, **changes})).session


def reset(desk, link: str, client, password: str = NEW) -> None:
    desk.ask(ResetPassword(link=link, new_password=password, client=client))


def test_guesses_side_by_side_are_counted_before_they_are_judged(desk) -> None:
    """Behaviour 36. ASVS 5.0 15.4.2: parallel attempts cannot outrun the count."""
    desk.person()
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda number: guess(desk, elsewhere(number)), range(16)))
    assert outcomes.count("wrong") == 5


def test_the_count_survives_a_restart_and_replicas_share_it(desk) -> None:
    """Behaviour 37. ASVS 5.0 6.3.1: state is in the database."""
    desk.person()
    replica = desk.another()
    outcomes = [guess((desk, replica)[number % 2], elsewhere(number)) for number in range(6)]
    assert outcomes == ["wrong"] * 5 + ["wait"]
    replica.close()
    restarted = desk.another()
    assert guess(restarted, elsewhere(7)) == "wait"
    restarted.close()


def test_of_two_that_renew_one_session_at_once_one_succeeds(desk, client) -> None:
    """Behaviour 47. ASVS 5.0 15.4.2."""
    desk.person()
    old = desk.log_in()
    identity, sessions = desk.auth._parts.identity, desk.auth._parts.sessions
    with desk.store.transaction() as unit:
        found, _ = identity.require(unit, old.token)

    def renew(_number: int) -> SessionOpened | None:
        try:
            with desk.store.transaction() as unit:
                return sessions.renew(unit, found, client)
        except SessionInvalidError:
            return None

    with ThreadPoolExecutor(4) as threads:
        renewed = [session for session in threads.map(renew, range(4)) if session is not None]
    assert len(renewed) == 1
    assert check(desk, renewed[0], client).session_id == old.session_id


def test_of_two_changes_at_once_one_succeeds(desk, client) -> None:
    """Behaviour 47. ASVS 5.0 15.4.2."""
    desk.person()
    sessions = [desk.log_in() for _ in range(2)]

    def attempt(number: int) -> str | None:
        try:
            change(desk, sessions[number], client, new_password=(NEW, OTHER)[number], keep_other_sessions=True)
        except (CredentialsInvalidError, SessionInvalidError):
            return None
        return (NEW, OTHER)[number]

    with ThreadPoolExecutor(2) as threads:
        won = [password for password in threads.map(attempt, range(2)) if password is not None]
    assert len(won) == 1
    assert desk.log_in(password=won[0]).token


def test_of_two_resets_with_one_link_at_once_one_succeeds(desk, client) -> None:
    """Behaviour 47. ASVS 5.0 15.4.2."""
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    passwords = [NEW, OTHER, "seven loud trombones", "nine quiet accordions"]

    def attempt(password: str) -> bool:
        try:
            reset(desk, link, client, password)
        except LinkInvalidError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        won = [password for password, ok in zip(passwords, threads.map(attempt, passwords), strict=True) if ok]
    assert len(won) == 1
    assert desk.log_in(password=won[0]).token
    assert desk.letters(account) == ["password_changed"]
