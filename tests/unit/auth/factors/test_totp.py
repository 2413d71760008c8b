"""Time-based codes: set up, asked for, given up."""

from __future__ import annotations

import base64

import pytest

from shared.contracts.factors import BeginTotp, DisableTotp, EnableTotp, ListFactors
from shared.contracts.refusals import (
    ChallengeEndedError,
    CodeInvalidError,
    FreshAuthenticationNeededError,
    SessionInvalidError,
    TooManyAttemptsError,
)
from shared.contracts.sessions import Factor
from shared.errors import InfrastructureError, InvalidInputError, NotFoundError
from shared.sealing import SealingKey, SealInvalidError, totp_info


def begin(desk, person, key=None):
    return desk.totp.begin(BeginTotp(session=person.session, reply_key=(key or SealingKey.one_time()).public))


def enable(desk, person, enrolment_id, code, client):
    return desk.totp.enable(
        EnableTotp(session=person.session, enrolment_id=enrolment_id, code=code, client=client)
    )


def newest_seed(desk):
    record_id, (account_id, seed) = list(desk.vault.waiting.items())[-1]
    return record_id, account_id, seed


def test_a_seed_reaches_its_owner_sealed_and_is_nowhere_in_auth(desk, client) -> None:
    """ASVS 5.0 6.5.3; 160 bits from keyvault, sealed to a one-time key of the person, shown once."""
    person, key = desk.person(), SealingKey.one_time()
    begun = begin(desk, person, key)
    record_id, account_id, seed = newest_seed(desk)

    assert key.open(begun.sealed_seed, info=totp_info(account_id, record_id)) == seed
    assert len(seed) == 20
    with pytest.raises(SealInvalidError):
        key.open(begun.sealed_seed, info=totp_info("somebody else", record_id))
    stored = desk.everything()
    for form in (base64.b64encode(seed), base64.b32encode(seed), seed.hex().encode(), begun.sealed_seed.encode()):
        assert form.decode() not in stored
    assert begun.sealed_seed not in repr(begun)


def test_codes_are_asked_for_only_after_a_first_right_one(desk, client) -> None:
    """A seed that nobody could copy locks nobody out."""
    person = desk.person()
    begun = begin(desk, person)
    _, _, seed = newest_seed(desk)
    assert desk.factors(person) == ()

    with pytest.raises(CodeInvalidError):
        enable(desk, person, begun.enrolment_id, "000000", client)
    assert desk.factors(person) == ()

    desk.vault.seeds[person.account_id] = seed
    enabled = enable(desk, person, begun.enrolment_id, desk.code(person), client)
    assert desk.factors(person) == (Factor.TOTP, Factor.RECOVERY_CODE)
    assert len(enabled.recovery_codes) == 10
    assert desk.mails(person) == ["factor_added"]
    assert ("factor_added", "succeeded") in desk.events(person)


def test_a_pending_seed_ends_after_ten_minutes(desk, client) -> None:
    """A seed left lying about is worth nothing."""
    person = desk.person()
    begun = begin(desk, person)
    desk.clock.advance(10 * 60)
    with pytest.raises(NotFoundError):
        enable(desk, person, begun.enrolment_id, "123456", client)


def test_only_the_newest_pending_seed_counts(desk, client) -> None:
    person = desk.person()
    earlier = begin(desk, person)
    begin(desk, person)
    with pytest.raises(NotFoundError):
        enable(desk, person, earlier.enrolment_id, "123456", client)


def test_a_used_code_is_refused(desk) -> None:
    """ASVS 5.0 6.5.1; RFC 6238 section 5.2."""
    person = desk.person()
    desk.with_totp(person)
    code = desk.code(person)
    first, second = desk.challenge(person)[0], desk.challenge(person)[0]

    assert desk.pass_challenge(person, first, totp=f"{code[:3]} {code[3:]}") is Factor.TOTP
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, second, totp=code)
    assert desk.events(person)[-2:] == [("challenge", "succeeded"), ("challenge", "failed")]


def test_a_challenge_takes_five_answers_then_it_is_the_passwords_turn(desk) -> None:
    """ASVS 5.0 6.6.3."""
    person = desk.person()
    desk.with_totp(person)
    token, _ = desk.challenge(person)
    for _ in range(5):
        with pytest.raises(CodeInvalidError):
            desk.pass_challenge(person, token, totp="000000")
        desk.clock.advance(30)

    with pytest.raises(ChallengeEndedError):
        desk.pass_challenge(person, token, totp=desk.code(person))
    assert desk.pass_challenge(person, desk.challenge(person)[0], totp=desk.code(person)) is Factor.TOTP


def test_a_challenge_lives_five_minutes(desk) -> None:
    """ASVS 5.0 6.6.2: a waiting login is bound to its moment."""
    person = desk.person()
    desk.with_totp(person)
    token, _ = desk.challenge(person)
    desk.clock.advance(5 * 60)
    with pytest.raises(ChallengeEndedError):
        desk.pass_challenge(person, token, totp=desk.code(person))


def test_a_challenge_is_passed_once(desk) -> None:
    """ASVS 5.0 6.6.2."""
    person = desk.person()
    codes = desk.with_totp(person)
    token, _ = desk.challenge(person)
    desk.pass_challenge(person, token, recovery_code=codes[0])
    with pytest.raises(ChallengeEndedError):
        desk.pass_challenge(person, token, recovery_code=codes[1])


def test_second_factors_are_throttled_apart_from_passwords(desk, client) -> None:
    """ASVS 5.0 6.6.3; a login whose password is right does not forget the wrong codes before it."""
    person = desk.person()
    desk.with_totp(person)
    account = desk.account(person)
    for _ in range(5):
        with pytest.raises(CodeInvalidError):
            desk.pass_challenge(person, desk.challenge(person)[0], totp="000000")
    with desk.store.transaction() as unit:
        desk.throttling.require(unit, "password", account_key=account.address_key, client=client)
        desk.throttling.succeeded(unit, "password", account_key=account.address_key, client=client)
    for _ in range(3):
        with pytest.raises(TooManyAttemptsError):
            desk.pass_challenge(person, desk.challenge(person)[0], totp=desk.code(person))
    assert desk.events(person)[-2:] == [("challenge", "failed"), ("challenge", "throttled")]


def test_nobody_gets_more_than_a_hundred_guesses_in_a_row(desk) -> None:
    """NIST SP 800-63B-4 section 3.2.2, however long he waits between them."""
    person = desk.person()
    desk.with_totp(person)
    guesses = 0
    for _ in range(120):
        desk.clock.advance(3_600)
        try:
            desk.pass_challenge(person, desk.challenge(person)[0], recovery_code="no code of anybody")
        except CodeInvalidError:
            guesses += 1
        except TooManyAttemptsError:
            break
    assert guesses <= 100
    desk.clock.advance(365 * 24 * 3_600)
    with pytest.raises(TooManyAttemptsError):
        desk.pass_challenge(person, desk.challenge(person)[0], totp=desk.code(person))


def test_exactly_one_factor_is_shown(desk) -> None:
    person = desk.person()
    codes = desk.with_totp(person)
    for proof in ({}, {"totp": "123456", "recovery_code": codes[0]}):
        with pytest.raises(InvalidInputError):
            desk.pass_challenge(person, desk.challenge(person)[0], **proof)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "12345\n6x"])
def test_what_is_no_code_is_wrong_and_keyvault_is_not_asked(desk, code: str) -> None:
    person = desk.person()
    desk.with_totp(person)
    desk.vault.calls.clear()
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, desk.challenge(person)[0], totp=code)
    assert desk.vault.calls == []


def test_setting_up_and_giving_up_need_a_fresh_proof_of_identity(desk, client) -> None:
    """ASVS 5.0 7.5.1."""
    person = desk.person()
    desk.clock.advance(5 * 60)
    with pytest.raises(FreshAuthenticationNeededError):
        begin(desk, person)
    with pytest.raises(FreshAuthenticationNeededError):
        desk.totp.disable(DisableTotp(session=person.session, client=client))
    assert desk.vault.calls == []


def test_giving_up_the_last_factor_drops_recovery_codes_and_other_sessions(desk, client) -> None:
    """ASVS 5.0 7.4.3; what was opened with a second factor does not outlive it."""
    person = desk.person()
    desk.with_totp(person)
    other = desk.opened(desk.account(person))
    desk.totp.disable(DisableTotp(session=person.session, client=client))

    assert desk.factors(person) == ()
    assert desk.vault.seeds == {}
    listed = desk.recovery.list(ListFactors(session=person.session))
    assert (listed.totp, listed.webauthn, listed.recovery_codes_left) == (False, (), 0)
    with pytest.raises(SessionInvalidError):
        desk.recovery.list(ListFactors(session=other.token))
    assert desk.mails(person)[-1] == "factor_removed"


def test_giving_up_twice_changes_nothing(desk, client) -> None:
    person = desk.person()
    desk.with_totp(person)
    for _ in range(2):
        desk.totp.disable(DisableTotp(session=person.session, client=client))
    assert desk.mails(person).count("factor_removed") == 1


def test_the_first_factor_ends_sessions_that_were_opened_without_it(desk) -> None:
    """ASVS 5.0 7.4.3."""
    person = desk.person()
    other = desk.opened(desk.account(person))
    desk.with_totp(person)
    desk.recovery.list(ListFactors(session=person.session))
    with pytest.raises(SessionInvalidError):
        desk.recovery.list(ListFactors(session=other.token))


def test_keyvault_away_leaves_nothing_half_done(desk, client) -> None:
    """Every step is refused for now, counts nothing, and works when keyvault is back."""
    person = desk.person()
    desk.vault.away = True
    with pytest.raises(InfrastructureError) as refused:
        begin(desk, person)
    assert refused.value.retryable
    desk.vault.away = False
    begun = begin(desk, person)
    desk.vault.seeds[person.account_id] = newest_seed(desk)[2]
    code = desk.code(person)
    desk.vault.away = True
    for _ in range(12):
        with pytest.raises(InfrastructureError):
            enable(desk, person, begun.enrolment_id, code, client)
    assert desk.factors(person) == ()
    desk.vault.away = False
    enable(desk, person, begun.enrolment_id, code, client)

    desk.clock.advance(60)
    token, _ = desk.challenge(person)
    desk.vault.away = True
    for _ in range(12):
        with pytest.raises(InfrastructureError):
            desk.pass_challenge(person, token, totp=desk.code(person))
    with pytest.raises(InfrastructureError):
        desk.totp.disable(DisableTotp(session=person.session, client=client))
    assert Factor.TOTP in desk.factors(person)
    desk.vault.away = False
    assert desk.pass_challenge(person, token, totp=desk.code(person)) is Factor.TOTP


def test_a_passkey_and_a_recovery_code_work_while_keyvault_is_away(desk) -> None:
    person = desk.person()
    codes = desk.with_totp(person)
    key = desk.with_passkey(person)
    desk.vault.away = True
    token, options = desk.challenge(person)
    assert desk.pass_challenge(person, token, webauthn=key.sign(options)) is Factor.WEBAUTHN
    token, _ = desk.challenge(person)
    assert desk.pass_challenge(person, token, recovery_code=codes[0]) is Factor.RECOVERY_CODE


def test_a_seed_that_keyvault_still_keeps_is_not_asked_once_codes_are_given_up(desk, client) -> None:
    person = desk.person()
    desk.with_totp(person)
    desk.with_passkey(person)
    seed = desk.vault.seeds[person.account_id]
    desk.totp.disable(DisableTotp(session=person.session, client=client))
    desk.vault.seeds[person.account_id] = seed
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, desk.challenge(person)[0], totp=desk.code(person))
