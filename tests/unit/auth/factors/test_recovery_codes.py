"""Recovery codes: shown once, good once."""

from __future__ import annotations

import re

import pytest

from services.auth.domain.recovery_codes import ENTROPY_BITS, code_hash, new_codes
from shared.contracts.factors import ListFactors, RegenerateRecoveryCodes
from shared.contracts.refusals import CodeInvalidError, FreshAuthenticationNeededError
from shared.contracts.sessions import Factor
from shared.errors import ConflictError


def left(desk, person) -> int:
    return desk.recovery.list(ListFactors(session=person.session)).recovery_codes_left


def test_ten_codes_of_at_least_112_bits_in_groups_that_people_can_copy() -> None:
    """ASVS 5.0 6.5.2; NIST SP 800-63B-4 section 3.1.2.2."""
    codes = new_codes()
    assert len(set(codes)) == 10
    assert ENTROPY_BITS >= 112
    letters = "".join(code.replace("-", "") for code in codes + new_codes() + new_codes() + new_codes())
    assert set(letters) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert all(re.fullmatch(r"([0-9A-Z]{6}-){3}[0-9A-Z]{6}", code) for code in codes)


def test_a_code_fits_however_it_is_written() -> None:
    """Who types it from paper mistakes O for 0 and I and L for 1."""
    shown = "01ABCD-EFGH10-JKMN01-PQRST0"
    for written in (shown, shown.lower(), shown.replace("-", " "), "OIABCD EFGHLO jkmnoi pqrsto"):
        assert code_hash(written) == code_hash(shown)
    assert code_hash(shown[:-1] + "1") != code_hash(shown)


def test_codes_are_stored_as_hashes_only(desk) -> None:
    """ASVS 5.0 6.5.2 and 15.3.1."""
    person = desk.person()
    codes = desk.with_totp(person)
    stored = desk.everything()
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_a_recovery_code_is_good_once_and_its_use_is_mailed(desk) -> None:
    """ASVS 5.0 6.5.1 and 6.3.7."""
    person = desk.person()
    code = desk.with_totp(person)[3]
    assert desk.pass_challenge(person, desk.challenge(person)[0], recovery_code=code) is Factor.RECOVERY_CODE
    assert left(desk, person) == 9
    assert desk.mails(person)[-1] == "recovery_code_used"
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, desk.challenge(person)[0], recovery_code=code)
    assert desk.mails(person).count("recovery_code_used") == 1


def test_making_new_codes_kills_the_old_ones(desk, client) -> None:
    """ASVS 5.0 6.5.1."""
    person = desk.person()
    old = desk.with_totp(person)
    new = desk.recovery.regenerate(RegenerateRecoveryCodes(session=person.session, client=client)).codes
    assert not set(old) & set(new)
    assert left(desk, person) == 10
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, desk.challenge(person)[0], recovery_code=old[0])
    desk.pass_challenge(person, desk.challenge(person)[0], recovery_code=new[0])
    assert "recovery_codes_renewed" in desk.mails(person)
    assert ("recovery_codes_renewed", "succeeded") in desk.events(person)


def test_new_codes_need_a_factor_and_a_fresh_proof_of_identity(desk, client) -> None:
    """ASVS 5.0 7.5.1."""
    person = desk.person()
    with pytest.raises(ConflictError):
        desk.recovery.regenerate(RegenerateRecoveryCodes(session=person.session, client=client))
    desk.with_totp(person)
    desk.clock.advance(5 * 60)
    with pytest.raises(FreshAuthenticationNeededError):
        desk.recovery.regenerate(RegenerateRecoveryCodes(session=person.session, client=client))


def test_the_code_of_another_account_opens_nothing(desk) -> None:
    """Threat model, threat 1."""
    one, other = desk.person(), desk.person()
    codes = desk.with_totp(one)
    desk.with_totp(other)
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(other, desk.challenge(other)[0], recovery_code=codes[0])
    assert left(desk, one) == 10


def test_the_second_factor_brings_no_new_codes(desk) -> None:
    """The codes that somebody has on paper stay good."""
    person = desk.person()
    codes = desk.with_totp(person)
    desk.with_passkey(person)
    assert left(desk, person) == 10
    desk.pass_challenge(person, desk.challenge(person)[0], recovery_code=codes[0])


def test_used_up_codes_are_not_offered(desk) -> None:
    person = desk.person()
    for code in desk.with_totp(person):
        desk.pass_challenge(person, desk.challenge(person)[0], recovery_code=code)
    assert desk.factors(person) == (Factor.TOTP,)
