"""What keeps a session, what ends it, and what it may do."""

from __future__ import annotations

import base64

import pytest

from shared.contracts.accounts import AccountState, RecordUsage, RequestDeletion, Role
from shared.contracts.refusals import (
    FreshAuthenticationNeededError,
    NotPermittedError,
    SessionInvalidError,
)
from shared.contracts.sessions import (
    Assurance,
    CheckSession,
    ListSessions,
    LogOut,
    RevokeAllSessions,
    RevokeSession,
    SessionOpened,
)
from shared.errors import NotFoundError

HOUR = 3600
DAY = 24 * HOUR


def check(desk, session: SessionOpened, client):
    return desk.ask(CheckSession(session=session.token, client=client))


def assert_ended(desk, session: SessionOpened, client) -> None:
    with pytest.raises(SessionInvalidError):
        check(desk, session, client)


def test_a_token_is_256_random_bits_and_only_its_hash_is_stored(desk) -> None:
    """Behaviour 21. ASVS 5.0 7.2.3."""
    desk.person()
    tokens = {desk.log_in().token for _ in range(5)}
    assert len(tokens) == 5
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in tokens} == {32}
    stored = desk.everything()
    assert not any(token in stored for token in tokens)


def test_a_token_is_in_no_representation(desk) -> None:
    """ASVS 5.0 16.2.5."""
    desk.person()
    session = desk.log_in()
    assert session.token not in repr(session)
    assert session.device not in repr(session)


def test_every_login_makes_a_new_session(desk, client) -> None:
    """Behaviour 22. ASVS 5.0 7.2.4."""
    desk.person()
    first, second = desk.log_in(), desk.log_in()
    assert first.session_id != second.session_id
    assert check(desk, first, client).session_id == first.session_id


def test_reauthentication_gives_a_new_token_and_the_old_one_is_dead(desk, client) -> None:
    """Behaviour 22. ASVS 5.0 7.2.4."""
    desk.person()
    old = desk.log_in()
    new = desk.reauthenticate(old)
    assert new.session_id == old.session_id
    assert check(desk, new, client).session_id == old.session_id
    assert_ended(desk, old, client)


def test_logout_ends_the_session_at_the_server(desk, client) -> None:
    """Behaviour 23. ASVS 5.0 7.4.1: a replayed token opens nothing."""
    desk.person()
    session = desk.log_in()
    desk.ask(LogOut(session=session.token))
    assert_ended(desk, session, client)
    desk.ask(LogOut(session=session.token))  # once more changes nothing
    assert desk.facts() == ["session.revoked"]


def test_an_unknown_token_is_refused_as_an_ended_one_is(desk, client) -> None:
    """ASVS 5.0 7.4.1."""
    desk.person()
    session = desk.log_in()
    desk.ask(LogOut(session=session.token))
    answers = []
    for token in (session.token, "x" * 43):
        with pytest.raises(SessionInvalidError) as refusal:
            desk.ask(CheckSession(session=token, client=client))
        answers.append(refusal.value.message)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("two_factors", "idle_s"), [(False, 14 * DAY), (True, HOUR)])
def test_a_session_idles_out(desk, client, two_factors: bool, idle_s: int) -> None:
    """Behaviour 24. ASVS 5.0 7.3.1; NIST SP 800-63B-4 2.2.3: an hour with two factors, 14 days with one."""
    account = desk.person()
    if two_factors:
        desk.with_totp(account)
    session = desk.log_in()
    desk.clock.advance(idle_s - 1)
    assert check(desk, session, client)
    desk.clock.advance(idle_s - 1)
    assert check(desk, session, client)  # it was used a moment before its end
    desk.clock.advance(idle_s)
    assert_ended(desk, session, client)


@pytest.mark.parametrize(("two_factors", "absolute_s"), [(False, 30 * DAY), (True, DAY)])
def test_a_session_ends_however_much_it_is_used(desk, client, two_factors: bool, absolute_s: int) -> None:
    """Behaviour 24. ASVS 5.0 7.3.2; NIST SP 800-63B-4 2.1.3 and 2.2.3: 30 days with one factor, 24 h with two."""
    account = desk.person()
    if two_factors:
        desk.with_totp(account)
    session = desk.log_in()
    steps = 60
    for _ in range(steps - 1):
        desk.clock.advance(absolute_s / steps)
        assert check(desk, session, client)
    desk.clock.advance(absolute_s / steps)
    assert_ended(desk, session, client)


def test_a_session_that_learns_a_second_factor_lives_by_its_limits(desk, client) -> None:
    """Behaviour 24. NIST SP 800-63B-4 2.2.3."""
    account = desk.person()
    session = desk.log_in()
    desk.with_totp(account)
    renewed = desk.reauthenticate(session, totp="123456")
    assert (renewed.expires_at - desk.clock.now()).total_seconds() == DAY
    assert (renewed.idle_until - desk.clock.now()).total_seconds() == HOUR


def test_people_list_their_own_sessions_and_no_others(desk, client) -> None:
    """Behaviour 25. ASVS 5.0 7.5.2."""
    desk.person()
    desk.person("bob@example.org")
    desk.log_in("bob@example.org")
    first = desk.log_in()
    desk.clock.advance(1)
    second = desk.log_in()
    listed = desk.ask(ListSessions(session=second.token)).sessions
    assert [summary.session_id for summary in listed] == [second.session_id, first.session_id]
    assert [summary.current for summary in listed] == [True, False]
    assert {summary.browser for summary in listed} == {"Firefox"}
    assert listed[0].ip == client.ip


def test_people_end_one_of_their_sessions(desk, client) -> None:
    """Behaviour 25. ASVS 5.0 7.5.2."""
    desk.person()
    kept, lost = desk.log_in(), desk.log_in()
    listed = desk.ask(RevokeSession(session=kept.token, session_id=lost.session_id)).sessions
    assert [summary.session_id for summary in listed] == [kept.session_id]
    assert_ended(desk, lost, client)
    with pytest.raises(NotFoundError):
        desk.ask(RevokeSession(session=kept.token, session_id=lost.session_id))


def test_nobody_ends_sessions_of_others(desk, client) -> None:
    """Behaviour 25. ASVS 5.0 7.5.2: an id of somebody else is as good as none."""
    desk.person()
    desk.person("bob@example.org")
    mine, theirs = desk.log_in(), desk.log_in("bob@example.org")
    with pytest.raises(NotFoundError):
        desk.ask(RevokeSession(session=mine.token, session_id=theirs.session_id))
    assert check(desk, theirs, client)


def test_people_end_all_other_sessions(desk, client) -> None:
    """Behaviour 25. ASVS 5.0 7.5.2."""
    desk.person()
    others = [desk.log_in() for _ in range(3)]
    kept = desk.log_in()
    assert len(desk.ask(RevokeSession(session=kept.token)).sessions) == 1
    for session in others:
        assert_ended(desk, session, client)
    assert desk.facts() == ["session.revoked"] * 3


def test_an_administrator_ends_all_sessions_of_an_account(desk, client) -> None:
    """Behaviour 25. ASVS 5.0 7.4.5."""
    account = desk.person()
    desk.person("root@example.org", role=Role.ADMINISTRATOR)
    lost, admin = desk.log_in(), desk.log_in("root@example.org")
    desk.ask(RevokeAllSessions(session=admin.token, email=account.email))
    assert_ended(desk, lost, client)
    with pytest.raises(NotFoundError):
        desk.ask(RevokeAllSessions(session=admin.token, email="nobody@example.org"))


def test_only_administrators_end_sessions_of_others(desk) -> None:
    """Behaviour 25. ASVS 5.0 7.4.5, 8.2.1."""
    account = desk.person()
    with pytest.raises(NotPermittedError):
        desk.ask(RevokeAllSessions(session=desk.log_in().token, email=account.email))


def test_a_disabled_account_has_no_session_from_that_moment(desk, client) -> None:
    """Behaviour 26. ASVS 5.0 7.4.2: also where the sessions themselves were left."""
    account = desk.person()
    session = desk.log_in()
    desk.change_account(account, state=AccountState.DISABLED.value)
    assert_ended(desk, session, client)


def test_an_account_that_waits_for_its_deletion_may_only_be_looked_at(desk, client) -> None:
    """Behaviour 26. ASVS 5.0 7.4.2; GDPR Art. 17."""
    account = desk.person()
    session = desk.log_in()
    desk.change_account(account, state=AccountState.DELETION_REQUESTED.value)
    assert check(desk, session, client).state is AccountState.DELETION_REQUESTED
    with pytest.raises(NotPermittedError, match="deletion"):
        desk.ask(ListSessions(session=session.token))


def test_sensitive_actions_need_a_proof_of_the_last_five_minutes(desk, client) -> None:
    """Behaviour 27. ASVS 5.0 7.5.1, 7.5.3."""
    desk.person(role=Role.ADMINISTRATOR)
    session = desk.log_in()
    desk.clock.advance(299)
    assert check(desk, session, client).fresh_until is not None
    desk.clock.advance(1)
    assert check(desk, session, client).fresh_until is None
    with pytest.raises(FreshAuthenticationNeededError):
        desk.ask(RequestDeletion(session=session.token, client=client))
    renewed = desk.reauthenticate(session)
    assert desk.ask(RequestDeletion(session=renewed.token, client=client))


def test_a_session_used_every_second_is_not_written_every_second(desk, client) -> None:
    """Looking who somebody is, is the most frequent call of all."""
    desk.person()
    session = desk.log_in()
    checked = desk.statements(lambda: check(desk, session, client))
    assert not any(statement.startswith("UPDATE") for statement in checked)
    desk.clock.advance(60)
    assert any(s.startswith("UPDATE") for s in desk.statements(lambda: check(desk, session, client)))


def test_a_session_of_one_account_says_nothing_about_another(desk, client) -> None:
    account = desk.person()
    desk.person("bob@example.org")
    checked = check(desk, desk.log_in(), client)
    assert checked.account_id == account.account_id
    assert checked.assurance is Assurance.AAL1


def test_usage_needs_a_session(desk, client) -> None:
    with pytest.raises(SessionInvalidError):
        desk.ask(RecordUsage(session="x" * 43, page="/", client=client))
