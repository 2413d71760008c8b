"""Logins with a second factor, with the real keyvault behind auth."""

from __future__ import annotations

import base64

import pytest
from sqlalchemy import update

from services.auth.domain.records import LinkPurpose
from services.auth.handlers.links import Links
from services.auth.handlers.second_factors import SecondFactors
from services.auth.tables import THROTTLES
from shared.contracts.accounts import GetAccount
from shared.contracts.factors import DisableTotp, ListFactors, RequestFactorRemoval
from shared.contracts.refusals import (
    ChallengeEndedError,
    CodeInvalidError,
    CredentialsInvalidError,
    FreshAuthenticationNeededError,
    SessionInvalidError,
    TooManyAttemptsError,
)
from shared.contracts.sessions import Assurance, Factor, PassChallenge, Reauthenticate, ResetPassword
from shared.errors import InfrastructureError, InvalidInputError


def passed(desk, client, answer, **proof: str):
    return desk.ask(PassChallenge(challenge=answer.challenge, client=client, **proof)).session


def test_a_login_needs_the_second_factor_that_is_set_up(desk, client) -> None:
    """NIST SP 800-63B-4 section 2.2; no session before the second factor."""
    person = desk.with_totp(desk.person())
    answer = desk.log_in()
    assert answer.session is None
    assert answer.factors == (Factor.TOTP, Factor.RECOVERY_CODE)
    session = passed(desk, client, answer, totp=desk.code(person))
    assert session.assurance is Assurance.AAL2


def test_the_session_of_a_second_factor_is_a_new_one_and_the_challenge_is_none(desk, client) -> None:
    """ASVS 5.0 7.2.4: the token of the step before opens nothing."""
    person = desk.with_totp(desk.person())
    answer = desk.log_in()
    with pytest.raises(SessionInvalidError):
        desk.ask(GetAccount(session=answer.challenge))
    session = passed(desk, client, answer, totp=desk.code(person))
    assert session.token not in (answer.challenge, person.session.token)
    with pytest.raises(SessionInvalidError):
        desk.ask(GetAccount(session=answer.challenge))
    assert desk.ask(GetAccount(session=session.token)).account_id == person.account_id


def test_authenticating_anew_with_a_second_factor_gives_a_new_token(desk) -> None:
    """ASVS 5.0 7.2.4."""
    person = desk.with_totp(desk.person())
    fresh = desk.fresh(person, totp=desk.code(person))
    assert fresh.session.token != person.session.token
    assert fresh.session.assurance is Assurance.AAL2
    with pytest.raises(SessionInvalidError):
        desk.ask(GetAccount(session=person.session.token))


def test_authenticating_anew_needs_the_second_factor_too(desk, client, password) -> None:
    """ASVS 5.0 7.5.3."""
    person = desk.with_totp(desk.person())
    with pytest.raises(InvalidInputError):
        desk.fresh(person)
    wrong = Reauthenticate(session=person.session.token, password=password, totp="000000", client=client)
    with pytest.raises(CodeInvalidError):
        desk.ask(wrong)
    desk.clock.advance(300)
    with pytest.raises(FreshAuthenticationNeededError):
        desk.ask(DisableTotp(session=person.session.token, client=client))


def test_a_used_code_is_refused(desk, client) -> None:
    """ASVS 5.0 6.5.1; RFC 6238 section 5.2."""
    person = desk.with_totp(desk.person())
    code = desk.code(person)
    passed(desk, client, desk.log_in(), totp=code)
    with pytest.raises(CodeInvalidError):
        passed(desk, client, desk.log_in(), totp=code)


def test_the_code_that_set_codes_up_is_used(desk, client) -> None:
    """ASVS 5.0 6.5.1."""
    person = desk.with_totp(desk.person())
    with pytest.raises(CodeInvalidError):
        passed(desk, client, desk.log_in(), totp=desk.code(person, steps=-2))


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_good_for_one_step_before_and_after(desk, client, steps: int, right: bool) -> None:
    """ASVS 5.0 6.5.5; RFC 6238 section 5.2."""
    person = desk.with_totp(desk.person())
    desk.clock.advance(300)
    answer = desk.log_in()
    if right:
        passed(desk, client, answer, totp=desk.code(person, steps))
        return
    with pytest.raises(CodeInvalidError):
        passed(desk, client, answer, totp=desk.code(person, steps))


def test_a_reset_password_does_not_replace_the_second_factor(desk, client) -> None:
    """ASVS 5.0 6.4.3."""
    person = desk.with_totp(desk.person())
    with desk.auth_desk.store.transaction() as unit:
        link = Links().issue(unit, person.account_id, LinkPurpose.RESET_PASSWORD, person.email)
    desk.ask(ResetPassword(link=link, new_password="another four walruses", client=client))

    answer = desk.log_in(password="another four walruses")
    assert answer.session is None
    assert Factor.TOTP in answer.factors
    with pytest.raises(CodeInvalidError):
        passed(desk, client, answer, totp="000000")


def test_the_banner_is_shown_until_a_second_factor_is_set_up(desk) -> None:
    """NIST SP 800-63B-4 section 2.2.2: offered to everybody."""
    person = desk.person()
    assert desk.ask(GetAccount(session=person.session.token)).second_factor_advised
    desk.with_totp(person)
    view = desk.ask(GetAccount(session=person.session.token))
    assert not view.second_factor_advised
    assert view.second_factors == ("totp",)


def test_no_form_of_a_seed_is_in_auths_database(desk) -> None:
    """ASVS 5.0 6.5.3."""
    person = desk.with_totp(desk.person())
    stored = desk.stored_by_auth()
    forms = (base64.b32encode(person.seed), base64.b64encode(person.seed), person.seed.hex().encode())
    assert len(person.seed) == 20
    assert not any(form.decode() in stored for form in forms)


def test_lost_factors_leave_the_vault_too(desk, client) -> None:
    """ASVS 5.0 6.4.4: after three days the password alone logs in, and a new factor can be set up."""
    person = desk.with_totp(desk.person())
    desk.ask(RequestFactorRemoval(challenge=desk.log_in().challenge, client=client))
    desk.clock.advance(72 * 3_600)
    desk.vault_away = True
    with pytest.raises(InfrastructureError):
        desk.auth_desk.factor_removal.take_due()
    desk.vault_away = False
    desk.auth_desk.factor_removal.take_due()

    session = desk.log_in().session
    assert session.assurance is Assurance.AAL1
    assert not desk.ask(ListFactors(session=session.token)).totp
    again = desk.with_totp(type(person)(email=person.email, session=session))
    assert again.seed != person.seed


def test_a_wrong_password_never_reaches_the_second_factor(desk, client) -> None:
    """ASVS 5.0 6.3.8: nobody learns whether one is set up."""
    desk.with_totp(desk.person())
    with pytest.raises(CredentialsInvalidError):
        desk.log_in(password="not the right password")


def test_many_wrong_second_factors_are_told_to_the_owner(desk, client) -> None:
    """ASVS 5.0 6.3.5: somebody has the password."""
    desk.with_totp(desk.person())
    for _ in range(10):
        with pytest.raises(CodeInvalidError):
            passed(desk, client, desk.log_in(), totp="000000")
        desk.clock.advance(20 * 60)
    desk.auth_desk.suspicions.look_for_failures()
    assert "many_failures" in desk.stored_by_auth()


def test_a_new_password_gives_new_tries_at_the_second_factor(desk, client) -> None:
    """NIST SP 800-63B-4 section 3.2.2: after too many failures the owner is not locked out for ever."""
    person = desk.with_totp(desk.person())
    with pytest.raises(CodeInvalidError):
        passed(desk, client, desk.log_in(), totp="000000")
    own = THROTTLES.c.bucket.startswith("second_factor:account:")
    with desk.databases["auth"].transaction() as connection:
        assert connection.execute(update(THROTTLES).where(own).values(failures=99)).rowcount == 1
    desk.clock.advance(365 * 24 * 3_600)
    with pytest.raises(TooManyAttemptsError):
        passed(desk, client, desk.log_in(), totp=desk.code(person))
    with desk.auth_desk.store.transaction() as unit:
        link = Links().issue(unit, person.account_id, LinkPurpose.RESET_PASSWORD, person.email)
    desk.ask(ResetPassword(link=link, new_password="another four walruses", client=client))
    answer = desk.log_in(password="another four walruses")
    assert passed(desk, client, answer, totp=desk.code(person)).assurance is Assurance.AAL2


def test_a_password_that_changes_while_the_second_factor_is_checked_ends_the_login(
    desk, client, password, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ASVS 5.0 7.4.3: what the old password began leads to no session any more."""
    person = desk.with_totp(desk.person())
    answer, code = desk.log_in(), desk.code(person)
    prove = SecondFactors.prove

    def prove_and_lose_the_password(*arguments, **factors):
        proven = prove(*arguments, **factors)
        with desk.auth_desk.store.transaction() as unit:
            unit.passwords.set(person.account_id, "$argon2id$of another password", 0)
        return proven

    monkeypatch.setattr(SecondFactors, "prove", prove_and_lose_the_password)
    with pytest.raises(ChallengeEndedError):
        passed(desk, client, answer, totp=code)
