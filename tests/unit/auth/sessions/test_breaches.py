"""Passwords known from breaches are found in a file, whatever its size; nobody outside is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from services.auth.breaches import NoBreaches, SortedBreaches
from services.auth.handlers.password_checks import PasswordChecks
from services.auth.strength import Zxcvbn
from shared.contracts.refusals import PasswordRefusedError
from shared.errors import ConfigurationError

KNOWN = [f"password number {number}" for number in range(200)]


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def written(folder: Path, *, digits: int = 40, count: bool = True, end: str = "\r\n", lower: bool = False) -> Path:
    """A file as Have I Been Pwned gives it, or shortened."""
    lines = sorted(sha1(password)[:digits] for password in KNOWN)
    texts = [f"{line}:{number * number}" if count else line for number, line in enumerate(lines)]
    file = folder / "known.txt"
    text = end.join(texts) + end
    file.write_text(text.lower() if lower else text, newline="")
    return file


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"digits": 16},
        {"count": False},
        {"end": "\n"},
        {"lower": True},
        {"digits": 20, "count": False, "end": "\n"},
    ],
)
def test_every_password_of_the_file_is_found_and_no_other(tmp_path, form: dict) -> None:
    """Behaviour 6. ASVS 5.0 6.2.12."""
    breaches = SortedBreaches(written(tmp_path, **form))
    assert all(breaches.holds(password) for password in KNOWN)
    assert not any(breaches.holds(f"{password}!") for password in KNOWN)


def test_a_file_of_one_line_is_enough(tmp_path) -> None:
    file = tmp_path / "known.txt"
    file.write_text(sha1("only one of them"))
    assert SortedBreaches(file).holds("only one of them")
    assert not SortedBreaches(file).holds("another one of them")


def test_a_known_password_is_refused_and_the_reason_is_given(tmp_path) -> None:
    """Behaviour 6. ASVS 5.0 6.2.12."""
    file = tmp_path / "known.txt"
    file.write_text(sha1("thirteen plums on ice"))
    checks = PasswordChecks(Zxcvbn(), SortedBreaches(file))
    with pytest.raises(PasswordRefusedError, match="breach"):
        checks.require_acceptable("thirteen plums on ice", name="Ada", email="ada@example.org")
    checks.require_acceptable("eleven figs in the snow", name="Ada", email="ada@example.org")


def test_without_a_file_nothing_is_known() -> None:
    assert not NoBreaches().holds("thirteen plums on ice")


@pytest.mark.parametrize("text", ["", "password\n", "5BAA61E4\n", "{}"])
def test_a_file_of_another_form_is_refused(tmp_path, text: str) -> None:
    file = tmp_path / "known.txt"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="breached passwords"):
        SortedBreaches(file)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        SortedBreaches(tmp_path / "nowhere.txt")
