"""Logging in: who gets in, what everybody else learns, and what is kept of passwords."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from services.auth.domain.records import LinkPurpose
from services.auth.handlers.security_events import NOBODY
from services.auth.hashing import RECOMMENDED, Argon2Hasher, Cost
from shared.contracts.accounts import AccountState, ClientInfo, Role
from shared.contracts.refusals import (
    AccessRefusedError,
    ChallengeEndedError,
    CodeInvalidError,
    CredentialsInvalidError,
    FreshAuthenticationNeededError,
)
from shared.contracts.sessions import (
    Assurance,
    ChangePassword,
    LogIn,
    PassChallenge,
    Reauthenticate,
    RevokeAllSessions,
)
from shared.errors import InvalidInputError

NFC = unicodedata.normalize("NFC", "Ångström überquert Flüsse")
NFD = unicodedata.normalize("NFD", NFC)


def refused(desk, email: str, password: str, client: ClientInfo) -> AccessRefusedError:
    with pytest.raises(AccessRefusedError) as refusal:
        desk.ask(LogIn(email=email, password=password, client=client))
    return refusal.value


def test_the_password_opens_a_session(desk, client) -> None:
    account = desk.person()
    opened = desk.log_in()
    assert opened.account_id == account.account_id
    assert opened.assurance is Assurance.AAL1
    assert opened.device


def test_passwords_are_kept_as_argon2id_phc_strings(desk) -> None:
    """S4: Argon2id in PHC string format; the clear password is nowhere."""
    account = desk.person()
    desk.log_in()
    assert desk.phc(account).startswith("$argon2id$v=19$m=")
    assert "thirteen plums" not in desk.everything()


def test_two_people_with_one_password_have_different_strings(desk) -> None:
    """S4; ASVS 5.0 11.4.2: a salt of its own for each."""
    assert desk.phc(desk.person("a@example.org")) != desk.phc(desk.person("b@example.org"))


def test_the_recommended_cost_is_that_of_the_standards() -> None:
    """ASVS 5.0 11.4.2; OWASP Password Storage Cheat Sheet: at least 46 MiB with one round and one lane."""
    phc = Argon2Hasher().hash(b"x")
    assert phc.startswith("$argon2id$v=19$m=48128,t=1,p=1$")
    assert RECOMMENDED.memory_kib >= 46 * 1024


@pytest.mark.parametrize(("kept", "typed"), [(NFC, NFD), (NFD, NFC)])
def test_both_spellings_of_a_letter_log_in(desk, client, kept: str, typed: str) -> None:
    """Behaviour 4. NIST SP 800-63B-4 3.1.1.2 (4): Unicode is normalised before it is hashed."""
    assert kept != typed
    desk.person(password=kept)
    assert desk.log_in(password=typed).token


@pytest.mark.parametrize("wrong", ["last", "case", "space", "longer"])
def test_every_character_counts(desk, client, wrong: str) -> None:
    """Behaviour 5. ASVS 5.0 6.2.8: no truncation, no case folding."""
    password = "a" * 40 + "thirteen plums on ice" * 10 + "x"
    desk.person(password=password)
    changed = {
        "last": password[:-1] + "y",
        "case": password.replace("t", "T", 1),
        "space": f"{password} ",
        "longer": f"{password}x",
    }[wrong]
    assert isinstance(refused(desk, "Ada@example.org", changed, client), CredentialsInvalidError)
    assert desk.log_in(password=password).token


@pytest.mark.parametrize("email", ["Ada@example.org", "ada@EXAMPLE.org", " ada@example.org "])
def test_the_address_may_be_written_in_any_case(desk, email: str) -> None:
    """Behaviour 40. ASVS 5.0 2.2.1."""
    desk.person()
    assert desk.log_in(email=email).token


def test_an_unknown_user_costs_one_hash_and_the_same_statements_and_gets_the_same_answer(desk, client) -> None:
    """Behaviour 11. ASVS 5.0 6.3.8."""
    desk.person()

    def attempt(email: str) -> tuple[list[str], list[str]]:
        desk.hasher.calls.clear()
        query = LogIn(email=email, password="seventeen pears on fire", client=client)
        return desk.statements(lambda: desk.ask(query)), list(desk.hasher.calls)

    attempt("ada@example.org")  # the buckets of this network are there from now on
    wrong_password = attempt("ada@example.org")
    unknown_user = attempt("bob@example.org")
    no_address = attempt("bob")
    assert wrong_password[1] == unknown_user[1] == no_address[1] == ["fits"]
    assert wrong_password[0] == unknown_user[0] == no_address[0]
    assert len(wrong_password[0]) > 5

    answers = [
        refused(desk, email, "wrong password here", client) for email in ("ada@example.org", "bob@example.org")
    ]
    assert answers[0].message == answers[1].message
    assert type(answers[0]) is type(answers[1])


def test_the_hash_for_nobody_costs_what_a_real_one_costs() -> None:
    """Behaviour 11. ASVS 5.0 6.3.8: same parameters, so same memory and time."""
    hasher = Argon2Hasher(Cost(memory_kib=64, rounds=3, lanes=2))
    assert hasher.is_current(hasher.unguessable())
    assert not hasher.fits(hasher.unguessable(), b"anything")
    assert hasher.unguessable() != hasher.unguessable()


def test_attempts_at_nobodys_account_are_written_down_for_nobody(desk, client) -> None:
    """ASVS 5.0 16.3.1; no typed address is kept."""
    refused(desk, "bob@example.org", "seventeen pears on fire", client)
    assert desk.events(NOBODY) == [("login", "failed")]
    assert "bob" not in desk.everything()


def test_a_disabled_account_is_refused_as_a_wrong_password_is(desk, client) -> None:
    """Behaviour 26. ASVS 5.0 7.4.2."""
    account = desk.person()
    desk.change_account(account, state=AccountState.DISABLED.value)
    assert type(refused(desk, account.email, "thirteen plums on ice", client)) is CredentialsInvalidError


def test_a_second_factor_is_asked_for_and_opens_a_session_of_two_factors(desk, client) -> None:
    """Behaviour 22. NIST SP 800-63B-4 2.2."""
    desk.with_totp(desk.person())
    answer = desk.ask(LogIn(email="ada@example.org", password="thirteen plums on ice", client=client))
    assert answer.session is None
    assert desk.sessions_stored() == 0
    with pytest.raises(CodeInvalidError):
        desk.ask(PassChallenge(challenge=answer.challenge, totp="999999", client=client))
    passed = desk.ask(PassChallenge(challenge=answer.challenge, totp="123456", client=client))
    assert passed.session.assurance is Assurance.AAL2
    with pytest.raises(ChallengeEndedError):
        desk.ask(PassChallenge(challenge=answer.challenge, totp="123456", client=client))


def test_an_account_disabled_meanwhile_passes_no_challenge(desk, client) -> None:
    """Behaviour 26. ASVS 5.0 7.4.2."""
    account = desk.person()
    desk.with_totp(account)
    answer = desk.ask(LogIn(email=account.email, password="thirteen plums on ice", client=client))
    desk.change_account(account, state=AccountState.DISABLED.value)
    with pytest.raises(ChallengeEndedError):
        desk.ask(PassChallenge(challenge=answer.challenge, totp="123456", client=client))


def test_a_password_has_no_date_at_which_it_expires(desk) -> None:
    """Behaviour 9. ASVS 5.0 6.2.10."""
    desk.person()
    desk.clock.advance(5 * 365 * 24 * 3600)
    assert not desk.log_in().password_must_change


def test_a_hash_is_renewed_at_login_when_the_cost_has_changed(desk, client) -> None:
    """Behaviour 46. ASVS 5.0 11.4.2."""
    account = desk.person()
    before = desk.phc(account)
    desk.log_in()
    assert desk.phc(account) == before
    later = desk.another(cost=Cost(memory_kib=16, rounds=2, lanes=1))
    later.log_in()
    assert "m=16,t=2,p=1" in desk.phc(account)
    later.hasher.calls.clear()
    later.log_in()
    assert later.hasher.calls == ["fits"]
    assert desk.log_in().token
    later.close()


def test_a_wrong_password_renews_no_hash(desk, client) -> None:
    """Behaviour 46."""
    account = desk.person()
    before = desk.phc(account)
    later = desk.another(cost=Cost(memory_kib=16, rounds=2, lanes=1))
    refused(later, account.email, "seventeen pears on fire", client)
    assert desk.phc(account) == before
    later.close()


def test_a_login_ends_links_for_another_password(desk, client) -> None:
    """Behaviour 15. ASVS 5.0 6.4.1."""
    account = desk.person()
    link = desk.link(account, LinkPurpose.RESET_PASSWORD)
    desk.log_in()
    assert link not in desk.everything()
    with desk.store.reading() as unit, pytest.raises(AccessRefusedError):
        desk.auth._parts.links.look(unit, link, LinkPurpose.RESET_PASSWORD)


def test_reauthentication_needs_the_second_factor_where_one_is_set_up(desk, client) -> None:
    """Behaviour 27. ASVS 5.0 7.5.1, 7.5.3."""
    account = desk.person()
    session = desk.log_in()
    desk.with_totp(account)
    with pytest.raises(InvalidInputError, match="exactly one"):
        desk.reauthenticate(session)
    with pytest.raises(CodeInvalidError):
        desk.reauthenticate(session, totp="999999")
    renewed = desk.reauthenticate(session, totp="123456")
    assert renewed.assurance is Assurance.AAL2
    assert renewed.token != session.token


def test_reauthentication_with_a_wrong_password_changes_nothing(desk, client) -> None:
    """Behaviour 27. ASVS 5.0 7.5.1."""
    account = desk.person()
    session = desk.log_in()
    with pytest.raises(CredentialsInvalidError):
        desk.ask(Reauthenticate(session=session.token, password="seventeen pears on fire", client=client))
    assert desk.events(account.account_id)[-1] == ("reauthenticated", "failed")
    assert desk.reauthenticate(session).token


def test_nobody_whose_password_is_known_from_a_breach_does_anything_sensitive_before_changing_it(
    make_desk, client, tmp_path
) -> None:
    """Behaviour 9. ASVS 5.0 6.2.10, 6.2.12: flagged at login, then a forced change."""
    breached = tmp_path / "breached.txt"
    hashes = sorted(
        hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest().upper()
        for word in ("thirteen plums on ice", "x", "y")
    )
    breached.write_text("".join(f"{line}:7\n" for line in hashes))
    desk = make_desk(breached_passwords_file=breached)
    account = desk.person(role=Role.ADMINISTRATOR)
    session = desk.log_in()
    assert session.password_must_change
    revoke = RevokeAllSessions(session=session.token, email=account.email)
    with pytest.raises(FreshAuthenticationNeededError, match="breach"):
        desk.ask(revoke)
    changed = desk.ask(
        ChangePassword(
            session=session.token,
            current_password="thirteen plums on ice",
            new_password="eleven figs in the snow",
            client=client,
        )
    ).session
    assert not changed.password_must_change
    assert desk.ask(RevokeAllSessions(session=changed.token, email=account.email))
