"""What no argument may hold is asked for, or read from standard input."""

from __future__ import annotations

import io

import pytest

from shared.errors import InvalidInputError
from studiomatic.cli import asking
from studiomatic.cli.asking import ask_link, ask_new_secret, ask_secret, ask_text
from studiomatic.cli.second_factor import factor_arguments

TOKEN = "Ab3_-" + "x" * 38


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch):
    def give(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return give


def test_a_script_gives_one_line_for_each_question(piped) -> None:
    piped("ana@example.org\n  a password with spaces  \r\nlast")

    assert ask_text("e-mail address") == "ana@example.org"
    assert ask_secret("password") == "  a password with spaces  "
    assert ask_new_secret("new password") == "last"


def test_nothing_on_standard_input_is_said_in_words(piped) -> None:
    piped("")
    with pytest.raises(InvalidInputError, match="this needs the password: type it at a terminal"):
        ask_secret("password")


def test_what_is_no_text_is_said_in_words(piped) -> None:
    piped("\udcff\udcfe\n")  # how Python reads bytes that are no UTF-8 in the C locale
    with pytest.raises(InvalidInputError, match="the key is no text in UTF-8"):
        ask_secret("key")


def test_an_empty_secret_is_none(piped) -> None:
    piped("\n")
    with pytest.raises(InvalidInputError, match="no password was given"):
        ask_secret("password")


def test_a_person_chooses_a_secret_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["first choice", "first chioce"])
    monkeypatch.setattr(asking, "_a_person_is_there", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _prompt, stream: next(typed))

    with pytest.raises(InvalidInputError, match="not the same"):
        ask_new_secret("new password")


@pytest.mark.parametrize(
    "pasted",
    [
        TOKEN,
        f"https://studio.example/#confirm={TOKEN}",
        f"  https://studio.example/account/confirm#{TOKEN}  ",
        f"https://studio.example/confirm?x=1&token={TOKEN}&y=2",
        f"<http://localhost:8000/confirm#token={TOKEN}>",
    ],
)
def test_a_link_is_pasted_whole(piped, pasted: str) -> None:
    piped(pasted)
    assert ask_link("link of the letter") == TOKEN


@pytest.mark.parametrize("pasted", ["https://studio.example/", TOKEN[:-1], TOKEN + "x", "x" * 10_000])
def test_what_holds_no_token_is_no_link(piped, pasted: str) -> None:
    piped(pasted)
    with pytest.raises(InvalidInputError, match="no link in that") as refused:
        ask_link("link of the letter")
    assert pasted not in str(refused.value)


@pytest.mark.parametrize(
    ("factors", "typed", "expected"),
    [
        ((), "", {}),
        (("totp",), "123 456", {"totp": "123456"}),
        (("totp", "recovery_code"), "ABCD-EFGH", {"recovery_code": "ABCD-EFGH"}),
        (("webauthn", "recovery_code"), "123456", {"recovery_code": "123456"}),
    ],
)
def test_a_code_of_an_app_is_told_from_a_recovery_code(piped, factors, typed: str, expected) -> None:
    piped(typed)
    assert factor_arguments(factors) == expected
