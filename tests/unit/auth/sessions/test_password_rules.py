"""Which passwords are accepted, and what a refused one is told."""

from __future__ import annotations

import pytest

from services.auth.breaches import NoBreaches
from services.auth.domain.passwords import normalised
from services.auth.handlers.password_checks import PasswordChecks
from services.auth.strength import Zxcvbn
from shared.contracts.accounts import PASSWORD_MAX_BYTES
from shared.contracts.refusals import PasswordRefusedError
from shared.contracts.sessions import JudgePassword
from shared.errors import InvalidInputError

NAME, EMAIL = "Ada Lovelace", "ada.countess@analytical-engine.example"
WORDS = "vexed quilts jog by frozen dwarf pumice nymph "


@pytest.fixture(scope="module")
def checks() -> PasswordChecks:
    return PasswordChecks(Zxcvbn(), NoBreaches())


def refusal(checks: PasswordChecks, password: str) -> str:
    with pytest.raises(PasswordRefusedError) as refused:
        checks.require_acceptable(password, name=NAME, email=EMAIL)
    assert len(password) < 15 or password not in refused.value.message
    return refused.value.message


def accept(checks: PasswordChecks, password: str) -> None:
    checks.require_acceptable(password, name=NAME, email=EMAIL)


def test_fourteen_characters_are_refused_and_fifteen_accepted(checks) -> None:
    """Behaviour 2. ASVS 5.0 6.2.1; NIST SP 800-63B-4 3.1.1.2 (1)."""
    assert "at least 15" in refusal(checks, WORDS[:14])
    accept(checks, WORDS[:15])


@pytest.mark.parametrize("length", [64, 256])
def test_long_passwords_are_accepted(checks, length: int) -> None:
    """Behaviour 2. ASVS 5.0 6.2.9; NIST SP 800-63B-4 3.1.1.2 (2)."""
    accept(checks, (WORDS * 6)[:length])


def test_more_than_256_characters_are_refused_in_clear_words(checks) -> None:
    """Behaviour 2. ASVS 5.0 6.2.9: what is not accepted is said, nothing is cut off."""
    assert "at most 256" in refusal(checks, (WORDS * 6)[:257])


def test_characters_are_counted_as_code_points_after_normalisation(checks) -> None:
    """Behaviour 4. NIST SP 800-63B-4 3.1.1.2 (4): each code point is one character, whatever its bytes."""
    assert "at least 15" in refusal(checks, "🐝🍯🌻🦊🐢🦉🐙🍄🌵🌈🎈🎻⛵🗻")
    accept(checks, "🐝🍯🌻🦊🐢🦉🐙🍄🌵🌈🎈🎻⛵🗻🧭")
    accept(checks, "".join(chr(0x1F400 + 71 * n % 251) for n in range(251)) + "abcde")  # four bytes each


def test_characters_that_grow_when_normalised_stay_within_the_bytes_that_are_hashed(checks) -> None:
    """One ligature may become 18 characters: what is hashed is bounded all the same."""
    assert len(normalised("ﷺ" * 255).encode()) > 1_024
    assert "too long" in refusal(checks, "ﷺ" * 255)


@pytest.mark.parametrize("password", ["green tea at five", "grubby owl fever", "zanzibar quilter"])
def test_spaces_and_small_letters_are_enough(checks, password: str) -> None:
    """Behaviour 3. ASVS 5.0 6.2.5: no rule of composition."""
    accept(checks, password)


def test_the_3000_most_common_passwords_are_refused_and_the_reason_is_given(checks) -> None:
    """Behaviour 6. ASVS 5.0 6.2.4."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    common = list(FREQUENCY_LISTS["passwords"])
    assert all("most common" in refusal(checks, password) for password in common[:3_000])
    long_ones = [password for password in common if len(password) >= 15]
    assert long_ones
    assert all("most common" in refusal(checks, password.upper()) for password in long_ones)


@pytest.mark.parametrize(
    "password",
    ["aaaaaaaaaaaaaaaa", "passwordpassword", "1234567890123456", "qwertyuiopasdfgh", "abcabcabcabcabcabc"],
)
def test_what_is_long_and_easy_to_guess_is_refused(checks, password: str) -> None:
    """Behaviour 6. ASVS 5.0 6.2.4: length alone does not save a repeated or common password."""
    assert "too easy to guess" in refusal(checks, password)


@pytest.mark.parametrize(
    ("password", "what"),
    [
        ("violet lovelace umbrella", "your name"),
        ("violet LoveLace umbrella", "your name"),
        ("violet l0v3l4c3 umbrella", "your name"),
        ("violet ecalevol umbrella", "your name"),
        ("violet love-lace umbrella", "your name"),
        ("marble countess harpoon", "your e-mail address"),
        ("marble analytical harpoon", "your e-mail address"),
        ("gravel studiomatic thimble", "the name of this product"),
        ("gravel 5tud10m4t1c thimble", "the name of this product"),
    ],
)
def test_what_is_derived_from_the_person_or_the_product_is_refused(checks, password: str, what: str) -> None:
    """Behaviour 7. ASVS 5.0 6.1.2, 6.2.11."""
    assert what in refusal(checks, password)


def test_short_parts_of_a_name_refuse_nothing() -> None:
    """ "Li" is in too many words."""
    checks = PasswordChecks(Zxcvbn(), NoBreaches())
    checks.require_acceptable("olive lilac tumbling", name="Li Wu", email="li@qq.example")


def test_the_meter_says_how_good_a_password_would_be(checks) -> None:
    """ASVS 5.0 6.2.4, 6.2.5: offline, before anything is set."""
    good = checks.judge(JudgePassword(password=WORDS, name=NAME, email=EMAIL))
    assert good.acceptable
    assert good.strength == 4
    assert not good.reason
    bad = checks.judge(JudgePassword(password="passwordpassword", name=NAME, email=EMAIL))
    assert not bad.acceptable
    assert bad.strength == 0
    assert "easy to guess" in bad.reason


def test_a_password_of_any_length_is_judged_at_once(checks) -> None:
    """Whoever asks cannot keep a processor busy."""
    longest = "".join(chr(33 + (7 * n * n) % 90) for n in range(PASSWORD_MAX_BYTES))
    assert not checks.judge(JudgePassword(password=longest)).acceptable


def test_more_than_4096_characters_are_refused_at_the_door() -> None:
    with pytest.raises(InvalidInputError) as refused:
        JudgePassword(password="x" * (PASSWORD_MAX_BYTES + 1))
    assert "xxx" not in refused.value.message
