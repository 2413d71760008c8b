"""Two at once, and exactly one wins (ASVS 5.0 15.4.2 and 2.3.3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.auth.domain.records import LinkPurpose
from services.auth.handlers.links import Links
from shared.contracts.factors import (
    CancelFactorRemoval,
    ListFactors,
    RegenerateRecoveryCodes,
    RequestFactorRemoval,
)
from shared.contracts.refusals import ChallengeEndedError, CodeInvalidError, LinkInvalidError, TooManyAttemptsError
from shared.contracts.sessions import PassChallenge

REFUSALS = (CodeInvalidError, ChallengeEndedError, LinkInvalidError, TooManyAttemptsError)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call answered or was refused with; all start together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except REFUSALS as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def winners(outcomes: list[Any]) -> int:
    return sum(not isinstance(outcome, Exception) for outcome in outcomes)


def passing(desk, client, challenge: str, **proof: str) -> Callable[[], Any]:
    return lambda: desk.ask(PassChallenge(challenge=challenge, client=client, **proof))


@pytest.mark.parametrize("round_", range(3))
def test_one_code_in_two_parallel_logins_has_one_winner(desk, client, round_: int) -> None:
    """RFC 6238 section 5.2."""
    person = desk.with_totp(desk.person())
    logins = [desk.log_in().challenge for _ in range(2)]
    code = desk.code(person)
    outcomes = at_once(*(passing(desk, client, challenge, totp=code) for challenge in logins))
    assert winners(outcomes) == 1
    assert any(isinstance(outcome, CodeInvalidError) for outcome in outcomes)


@pytest.mark.parametrize("round_", range(3))
def test_one_recovery_code_in_two_parallel_logins_has_one_winner(desk, client, round_: int) -> None:
    """ASVS 5.0 6.5.1."""
    person = desk.with_totp(desk.person())
    logins = [desk.log_in().challenge for _ in range(2)]
    code = person.recovery_codes[0]
    outcomes = at_once(*(passing(desk, client, challenge, recovery_code=code) for challenge in logins))
    assert winners(outcomes) == 1
    left = desk.ask(ListFactors(session=person.session.token)).recovery_codes_left
    assert left == 9


@pytest.mark.parametrize("round_", range(3))
def test_one_challenge_with_two_right_answers_opens_one_session(desk, client, round_: int) -> None:
    """ASVS 5.0 7.2.4; and the answer that lost is not used up."""
    person = desk.with_totp(desk.person())
    challenge = desk.log_in().challenge
    outcomes = at_once(
        *(passing(desk, client, challenge, recovery_code=code) for code in person.recovery_codes[:2])
    )
    assert winners(outcomes) == 1
    assert desk.ask(ListFactors(session=person.session.token)).recovery_codes_left == 9


def test_parallel_guesses_get_no_more_than_five_answers(desk, client) -> None:
    """ASVS 5.0 6.6.3: counted before they are looked at."""
    desk.with_totp(desk.person())
    challenge = desk.log_in().challenge
    outcomes = at_once(*(passing(desk, client, challenge, totp=f"{n:06}") for n in range(8)))
    assert winners(outcomes) == 0
    assert sum(isinstance(outcome, CodeInvalidError) for outcome in outcomes) <= 5


def test_one_link_followed_twice_at_once_works_once(desk, client) -> None:
    """ASVS 5.0 6.4.1."""
    person = desk.with_totp(desk.person())
    desk.ask(RequestFactorRemoval(challenge=desk.log_in().challenge, client=client))
    with desk.auth_desk.store.transaction() as unit:
        link = Links().issue(unit, person.account_id, LinkPurpose.CANCEL_FACTOR_REMOVAL, person.email)
    outcomes = at_once(*[lambda: desk.ask(CancelFactorRemoval(link=link, client=client))] * 2)
    assert winners(outcomes) == 1


def test_codes_made_anew_twice_at_once_leave_ten(desk, client) -> None:
    person = desk.with_totp(desk.person())
    outcomes = at_once(
        *[lambda: desk.ask(RegenerateRecoveryCodes(session=person.session.token, client=client))] * 2
    )
    assert winners(outcomes) == 2
    assert desk.ask(ListFactors(session=person.session.token)).recovery_codes_left == 10
