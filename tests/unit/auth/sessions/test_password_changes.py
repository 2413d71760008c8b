"""Setting another password: with the present one, or with a link that was mailed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.auth.domain.records import LinkPurpose, Template
from services.auth.handlers.security_events import NOBODY
from services.auth.tables import LINKS, MAILS
from shared.contracts.accounts import AccountState
from shared.contracts.refusals import (
    ChallengeEndedError,
    CredentialsInvalidError,
    LinkInvalidError,
    PasswordRefusedError,
    SessionInvalidError,
)
from shared.contracts.sessions import (
    Assurance,
    ChangePassword,
    CheckSession,
    LogIn,
    PassChallenge,
    RequestPasswordReset,
    ResetPassword,
    SessionOpened,
)

NEW = "eleven figs in the snow"
OTHER = "a dozen wet umbrellas"


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


def ended(desk, session: SessionOpened, client) -> bool:
    try:
        desk.ask(CheckSession(session=session.token, client=client))
    except SessionInvalidError:
        return True
    return False


def test_a_change_needs_the_present_password(desk, client) -> None:
    """Behaviour 8. ASVS 5.0 6.2.3."""
    account = desk.person()
    session = desk.log_in()
    with pytest.raises(CredentialsInvalidError):
        change(desk, session, client, current_password=OTHER)
    assert desk.events(account.account_id)[-1] == ("password_changed", "failed")
    assert desk.letters(account) == []
    assert desk.log_in().token


def test_a_change_ends_the_other_sessions_and_renews_this_one(desk, client) -> None:
    """Behaviours 8 and 22. ASVS 5.0 7.4.3, 7.2.4."""
    desk.person()
    other, session = desk.log_in(), desk.log_in()
    renewed = change(desk, session, client)
    assert ended(desk, other, client)
    assert ended(desk, session, client)
    assert not ended(desk, renewed, client)
    with pytest.raises(CredentialsInvalidError):
        desk.log_in()
    assert desk.log_in(password=NEW).token


def test_who_wants_keeps_the_other_sessions(desk, client) -> None:
    """Behaviour 8. ASVS 5.0 7.4.3: ending them is offered."""
    desk.person()
    other, session = desk.log_in(), desk.log_in()
    change(desk, session, client, keep_other_sessions=True)
    assert not ended(desk, other, client)


def test_a_change_is_told_by_mail(desk, client) -> None:
    """Behaviour 8. ASVS 5.0 6.3.7."""
    account = desk.person()
    change(desk, desk.log_in(), client)
    assert desk.letters(account) == ["password_changed"]
    assert desk.events(account.account_id)[-1] == ("password_changed", "succeeded")


def test_a_refused_new_password_changes_nothing(desk, client) -> None:
    """Behaviour 6. ASVS 5.0 6.2.4."""
    desk.person()
    session = desk.log_in()
    with pytest.raises(PasswordRefusedError, match="at least 15"):
        change(desk, session, client, new_password="too short")
    with pytest.raises(PasswordRefusedError, match="your name"):
        change(desk, session, client, new_password="violet lovelace umbrella")
    assert not ended(desk, session, client)
    assert desk.log_in().token


def test_a_reset_for_an_unknown_address_gets_the_same_answer_after_the_same_work(desk, client) -> None:
    """Behaviour 12. ASVS 5.0 6.3.8: one hash on both paths, beside which one mail more is not to be seen."""
    account = desk.person()
    answers = []
    for email in (account.email, "nobody@example.org", "no address"):
        desk.hasher.calls.clear()
        answers.append(desk.ask(RequestPasswordReset(email=email, client=client)).model_dump())
        assert desk.hasher.calls == ["fits"]
    assert answers[0] == answers[1] == answers[2]
    assert desk.letters(account) == ["reset_password"]
    assert desk.events(account.account_id) == [("password_reset_requested", "succeeded")]
    assert desk.events(NOBODY) == [("password_reset_requested", "succeeded")] * 2
    assert "nobody@example.org" not in desk.everything()


def test_a_reset_sets_the_password_and_opens_no_session(desk, client) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1."""
    account = desk.person()
    reset(desk, desk.link(account, LinkPurpose.RESET_PASSWORD), client)
    assert desk.sessions_stored() == 0
    assert desk.log_in(password=NEW).token
    assert desk.letters(account) == ["password_changed"]
    assert ("password_reset", "succeeded") in desk.events(account.account_id)


def test_only_the_hash_of_a_reset_link_is_stored(desk) -> None:
    """Behaviour 15. ASVS 5.0 11.5.1: 32 random bytes."""
    account = desk.person()
    links = {desk.link(account, LinkPurpose.RESET_PASSWORD) for _ in range(3)}
    assert {len(link) for link in links} == {43}
    assert not any(link in desk.everything() for link in links)


def test_a_reset_link_is_good_for_an_hour(desk, client) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1."""
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    desk.clock.advance(3600)
    with pytest.raises(LinkInvalidError):
        reset(desk, link, client)
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    desk.clock.advance(3599)
    reset(desk, link, client)


def test_a_reset_link_is_good_once(desk, client) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1."""
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    reset(desk, link, client)
    with pytest.raises(LinkInvalidError):
        reset(desk, link, client, OTHER)
    assert desk.log_in(password=NEW).token


def test_a_newer_link_ends_the_earlier_one(desk, client) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1."""
    account = desk.person()
    earlier = desk.link(account, LinkPurpose.RESET_PASSWORD)
    newer = desk.link(account, LinkPurpose.RESET_PASSWORD)
    with pytest.raises(LinkInvalidError):
        reset(desk, earlier, client)
    reset(desk, newer, client)


def test_a_changed_password_ends_links_for_another_one(desk, client) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1."""
    account = desk.person()
    session = desk.log_in()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    change(desk, session, client)
    with pytest.raises(LinkInvalidError):
        reset(desk, link, client)


@pytest.mark.parametrize("ending", ["a change", "a login"])
def test_a_mail_that_still_waits_brings_no_link_after_the_links_have_ended(desk, client, ending: str) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1: links are made when mails are sent, so the mail itself must end, too."""
    account = desk.person()
    session = desk.log_in()
    desk.ask(RequestPasswordReset(email=account.email, client=client))
    change(desk, session, client) if ending == "a change" else desk.log_in()
    waiting = select(MAILS.c.template).where(MAILS.c.sent_at.is_(None), MAILS.c.given_up_at.is_(None))
    assert Template.RESET_PASSWORD in desk.letters(account)
    with desk.database.reading() as connection:
        assert Template.RESET_PASSWORD not in list(connection.scalars(waiting))


def test_a_link_of_an_address_that_is_not_the_accounts_any_more_is_dead(desk, client) -> None:
    """Behaviour 13. ASVS 5.0 6.6.2."""
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    desk.change_account(account, email="countess@example.org", address_key="countess@example.org")
    with pytest.raises(LinkInvalidError):
        reset(desk, link, client)


@pytest.mark.parametrize(
    "purpose", [purpose for purpose in LinkPurpose if purpose is not LinkPurpose.RESET_PASSWORD]
)
def test_a_link_for_something_else_sets_no_password(desk, client, purpose: LinkPurpose) -> None:
    """Behaviour 15. ASVS 5.0 6.6.2."""
    account = desk.person()
    with pytest.raises(LinkInvalidError):
        reset(desk, desk.link(account, purpose), client)
    assert desk.log_in().token


def test_a_refused_password_leaves_the_link_good(desk, client) -> None:
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    with pytest.raises(PasswordRefusedError):
        reset(desk, link, client, "too short")
    reset(desk, link, client)


def test_a_disabled_account_gets_no_link_and_sets_no_password(desk, client) -> None:
    """Behaviour 26. ASVS 5.0 7.4.2."""
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    desk.change_account(account, state=AccountState.DISABLED.value)
    desk.ask(RequestPasswordReset(email=account.email, client=client))
    assert desk.letters(account) == []
    with pytest.raises(LinkInvalidError):
        reset(desk, link, client)


def test_after_a_reset_the_second_factor_is_asked_for_as_ever(desk, client) -> None:
    """Behaviour 16. ASVS 5.0 6.4.3."""
    account = desk.person()
    desk.with_totp(account)
    reset(desk, desk.link(account, LinkPurpose.RESET_PASSWORD), client)
    answer = desk.ask(LogIn(email=account.email, password=NEW, client=client))
    assert answer.session is None
    passed = desk.ask(PassChallenge(challenge=answer.challenge, totp="123456", client=client))
    assert passed.session.assurance is Assurance.AAL2


def test_a_reset_ends_all_sessions_and_says_so_to_those_who_gave_grants(desk, client) -> None:
    """Behaviour 17. ASVS 5.0 7.4.3: keyvault refuses the tickets and job tokens of a revoked session."""
    account = desk.person()
    sessions = [desk.log_in() for _ in range(3)]
    reset(desk, desk.link(account, LinkPurpose.RESET_PASSWORD), client)
    assert all(ended(desk, session, client) for session in sessions)
    assert desk.facts() == ["session.revoked"] * 3


def test_a_challenge_of_the_old_password_is_over_with_it(desk, client) -> None:
    """Behaviour 17. ASVS 5.0 6.4.3, 7.4.3."""
    account = desk.person()
    desk.with_totp(account)
    answer = desk.ask(LogIn(email=account.email, password="thirteen plums on ice", client=client))
    reset(desk, desk.link(account, LinkPurpose.RESET_PASSWORD), client)
    with pytest.raises(ChallengeEndedError):
        desk.ask(PassChallenge(challenge=answer.challenge, totp="123456", client=client))


def test_used_links_are_deleted(desk, client) -> None:
    """GDPR Art. 5(1)(e)."""
    account = desk.person()
    reset(desk, desk.link(account, LinkPurpose.RESET_PASSWORD), client)
    with desk.database.reading() as connection:
        assert connection.execute(LINKS.select()).all() == []
