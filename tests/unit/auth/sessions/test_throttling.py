"""Guessing gets slower and ends; the person whose account it is gets in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from services.auth.domain.records import LinkPurpose
from services.auth.domain.throttle import DEVICES_LAST, LIMITS, STRANGERS_LAST, Scope, network_of
from services.auth.handlers.password_checks import PasswordHashing
from services.auth.tables import THROTTLES
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import CodeInvalidError, CredentialsInvalidError, TooManyAttemptsError
from shared.contracts.sessions import (
    LogIn,
    PassChallenge,
    Reauthenticate,
    RequestPasswordReset,
    ResetPassword,
)

DAY = 24 * 3600
EMAIL = "ada@example.org"


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


def waits_s(desk: Any, client: ClientInfo) -> list[int]:
    """How long somebody is told to wait between wrong passwords, when he keeps to it."""
    waits = []
    for _ in range(18):
        try:
            desk.ask(LogIn(email=EMAIL, password="seventeen pears on fire", client=client))
        except TooManyAttemptsError as refusal:
            waits.append(int(refusal.message.split()[-2]))
            desk.clock.advance(waits[-1] - 0.001)
            assert guess(desk, client) == "wait"
            desk.clock.advance(0.001)
            assert guess(desk, client) == "wrong"
        except CredentialsInvalidError:
            waits.append(0)
    return waits


def test_the_wait_doubles_with_each_failure(desk) -> None:
    """Behaviour 36. ASVS 5.0 6.1.1, 6.3.1; waits grow from a second to a quarter of an hour."""
    desk.person()
    waits = waits_s(desk, elsewhere(1))
    assert waits[:5] == [0] * 5
    assert waits[5:15] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert waits[15:] == [900] * 3


def test_strangers_at_one_account_are_counted_together_wherever_they_are(desk) -> None:
    """Behaviour 36. ASVS 5.0 6.3.1: many networks are no way around."""
    desk.person()
    outcomes = [guess(desk, elsewhere(number)) for number in range(10)]
    assert outcomes == ["wrong"] * 5 + ["wait"] * 5


def test_one_network_that_tries_many_accounts_is_slowed_down(desk) -> None:
    """Behaviour 36. ASVS 5.0 6.3.1: password spraying."""
    client = elsewhere(1)
    outcomes = [guess(desk, client, f"person{number}@example.org") for number in range(40)]
    free = LIMITS["password"][Scope.NETWORK].free
    assert outcomes == ["wrong"] * free + ["wait"] * (40 - free)
    assert guess(desk, elsewhere(2), "person1@example.org") == "wrong"


def test_people_who_share_a_network_and_mistype_now_and_then_are_not_slowed_down(desk) -> None:
    """Behaviour 36. ASVS 5.0 6.1.1: behind one address may be a whole university, and all day somebody mistypes."""
    for number in range(100):
        assert guess(desk, elsewhere(1), f"student-{number}@example.org") == "wrong"
        desk.clock.advance(3 * 60)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
    ],
)
def test_a_network_is_one_ipv4_address_or_one_ipv6_64(one: str, other: str, same: bool) -> None:
    """Behaviour 36. One customer has at least a /64 (RFC 6177)."""
    assert (network_of(one) == network_of(other)) is same


def test_a_flood_from_everywhere_slows_strangers_down_and_stops_nobody(desk) -> None:
    """Behaviour 36. ASVS 5.0 6.1.1, 6.3.1: the count of all together has a short longest wait."""
    desk.person()
    limit = LIMITS["password"][Scope.EVERYBODY]
    bucket = desk.auth._parts.throttling._bucket("password", Scope.EVERYBODY, "")
    assert guess(desk, elsewhere(1), "a@example.org") == "wrong"
    with desk.store.transaction() as unit:
        tally = unit.throttles.locked([bucket])[bucket]
        unit.throttles.set({bucket: replace(tally, failures=limit.free + 50)})
    assert guess(desk, elsewhere(2), "b@example.org") == "wrong"
    assert guess(desk, elsewhere(3), "c@example.org") == "wait"
    desk.clock.advance(limit.longest_wait.total_seconds())
    assert desk.log_in(client=elsewhere(4)).token


def test_the_owner_on_a_known_device_is_not_kept_out_by_an_attacker(desk, client) -> None:
    """Behaviour 36. ASVS 5.0 6.1.1."""
    desk.person()
    device = desk.log_in().device
    for number in range(20):
        guess(desk, elsewhere(number))
    assert guess(desk, client) == "wait"
    known = client.model_copy(update={"device": device})
    assert desk.log_in(client=known).token


def test_a_device_is_known_at_its_own_account_only(desk, client) -> None:
    """Behaviour 36."""
    desk.person()
    desk.person("eve@example.org")
    known_to_eve = client.model_copy(update={"device": desk.log_in("eve@example.org").device})
    for number in range(6):
        guess(desk, elsewhere(number))
    assert guess(desk, known_to_eve) == "wait"


def test_only_the_hash_of_a_device_is_stored(desk) -> None:
    desk.person()
    assert desk.log_in().device not in desk.everything()


def test_a_success_ends_the_count_of_the_account(desk, client) -> None:
    """Behaviour 36. NIST SP 800-63B-4 3.2.2: failures in a row."""
    desk.person()
    for _ in range(3):
        for number in range(4):
            assert guess(desk, elsewhere(number)) == "wrong"
        assert desk.log_in(client=client).token


def test_a_success_does_not_end_the_count_of_the_network(desk) -> None:
    """Behaviour 36: who has one account cannot guess others behind it."""
    desk.person("eve@example.org")
    client = elsewhere(1)
    free = LIMITS["password"][Scope.NETWORK].free
    for number in range(free - 1):
        assert guess(desk, client, f"person{number}@example.org") == "wrong"
        desk.log_in("eve@example.org", client=client)
    assert guess(desk, client, "last@example.org") == "wrong"
    assert guess(desk, client, "one.more@example.org") == "wait"


def test_never_more_than_100_failures_in_a_row_are_looked_at(desk, client) -> None:
    """Behaviour 33. NIST SP 800-63B-4 3.2.2: strangers and known devices together; then only a new password helps."""
    account = desk.person()
    known = client.model_copy(update={"device": desk.log_in().device})
    looked_at = {"strangers": 0, "devices": 0}
    for number in range(STRANGERS_LAST + 20):
        desk.clock.advance(900)
        looked_at["strangers"] += guess(desk, elsewhere(number)) == "wrong"
        looked_at["devices"] += guess(desk, known) == "wrong"
    assert looked_at == {"strangers": STRANGERS_LAST, "devices": DEVICES_LAST}
    assert sum(looked_at.values()) <= 100

    desk.clock.advance(30 * DAY)
    with pytest.raises(TooManyAttemptsError, match="set a new password"):
        desk.log_in()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    desk.ask(ResetPassword(link=link, new_password="eleven figs in the snow", client=client))
    assert desk.log_in(password="eleven figs in the snow").token


def test_second_factors_are_counted_apart_from_passwords(desk, client) -> None:
    """Behaviour 33. ASVS 5.0 6.6.3."""
    account = desk.person()
    desk.with_totp(account)
    for _ in range(2):
        answer = desk.ask(LogIn(email=EMAIL, password="thirteen plums on ice", client=client))
        for _ in range(2):
            with pytest.raises(CodeInvalidError):
                desk.ask(PassChallenge(challenge=answer.challenge, totp="999999", client=client))
    answer = desk.ask(LogIn(email=EMAIL, password="thirteen plums on ice", client=client))
    with pytest.raises(CodeInvalidError):
        desk.ask(PassChallenge(challenge=answer.challenge, totp="999999", client=client))
    with pytest.raises(TooManyAttemptsError):
        desk.ask(PassChallenge(challenge=answer.challenge, totp="123456", client=client))
    assert desk.ask(LogIn(email=EMAIL, password="thirteen plums on ice", client=client)).challenge


def test_waiting_costs_no_hash(desk) -> None:
    """Behaviour 36: who has to wait cannot keep the processors busy."""
    desk.person()
    for number in range(5):
        guess(desk, elsewhere(number))
    desk.hasher.calls.clear()
    assert guess(desk, elsewhere(9)) == "wait"
    assert desk.hasher.calls == []


def test_mails_for_another_password_are_limited(desk) -> None:
    """Behaviour 36. ASVS 5.0 6.3.1: nobody's mailbox is flooded."""
    account = desk.person()
    sent = 0
    for number in range(10):
        try:
            desk.ask(RequestPasswordReset(email=EMAIL, client=elsewhere(number)))
        except TooManyAttemptsError:
            continue
        sent += 1
    assert sent == 3
    assert desk.letters(account) == ["reset_password"] * 3


def test_the_counts_name_nobody(desk, client) -> None:
    """Behaviour 36: names of buckets are made with a key."""
    guess(desk, client, "somebody@example.org")
    with desk.database.reading() as connection:
        buckets = connection.scalars(select(THROTTLES.c.bucket)).all()
    assert len(buckets) == 3
    assert not any(client.ip in bucket or "somebody" in bucket for bucket in buckets)
    assert all(len(bucket) <= 100 for bucket in buckets)


def test_an_attempt_that_found_no_turn_to_be_hashed_does_not_count(desk, monkeypatch) -> None:
    """ASVS 5.0 6.1.1: whoever keeps the hashes busy must not use up the tries of others."""
    desk.person()
    session = desk.log_in()
    known = ClientInfo(ip="192.0.2.7", device=session.device)
    with monkeypatch.context() as busy:
        busy.setattr(PasswordHashing, "verify", _no_turn)
        for client in (known, elsewhere(1)):
            for _ in range(STRANGERS_LAST + 1):
                with pytest.raises(TooManyAttemptsError, match="in a moment"):
                    desk.ask(LogIn(email=EMAIL, password="thirteen plums on ice", client=client))
        for _ in range(DEVICES_LAST + 1):
            with pytest.raises(TooManyAttemptsError, match="in a moment"):
                desk.ask(Reauthenticate(session=session.token, password="thirteen plums on ice", client=known))
    for client in (known, elsewhere(1)):
        assert desk.ask(LogIn(email=EMAIL, password="thirteen plums on ice", client=client)).session


def _no_turn(*_: object) -> bool:
    raise TooManyAttemptsError("too many people log in at once; try again in a moment")
