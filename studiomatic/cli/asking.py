"""Ask a person for what no argument may hold, or read it from standard input when no person is there.

A script gives one line for each question, in the order in which a person would be asked. Questions go to standard
error, so that standard output holds nothing but answers.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Callable

from shared.contracts.accounts import TOKEN_CHARACTERS
from shared.errors import InvalidInputError

_LINE_CHARACTERS = 100_000
_TOKEN = re.compile(rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{{TOKEN_CHARACTERS}}}(?![A-Za-z0-9_-])")


def ask_text(what: str) -> str:
    """Ask for something that may be seen."""
    if _a_person_is_there():
        sys.stderr.write(f"{what}: ")
        sys.stderr.flush()
    return _line(what).strip()


def ask_secret(what: str) -> str:
    """Ask for something that is not shown while it is typed.

    Raises:
        InvalidInputError: Nothing was given.
    """
    if _a_person_is_there():
        secret = _text(what, lambda: getpass.getpass(f"{what}: ", stream=sys.stderr))
    else:
        secret = _line(what)
    if not secret:
        raise InvalidInputError(f"no {what} was given")
    return secret


def ask_new_secret(what: str) -> str:
    """Ask for something that is being chosen: a person twice, so that a slip of the hand shows.

    Raises:
        InvalidInputError: The two differ.
    """
    secret = ask_secret(what)
    if _a_person_is_there() and ask_secret(f"{what}, once more") != secret:
        raise InvalidInputError("the two are not the same; nothing was changed")
    return secret


def ask_link(what: str) -> str:
    """Ask for a link of a letter, or only the token in it; returns the token.

    Raises:
        InvalidInputError: There is none in what was given.
    """
    found: list[str] = _TOKEN.findall(ask_secret(what))
    if not found:
        raise InvalidInputError("there is no link in that; paste the whole link of the letter")
    return found[-1]


def is_asking_a_person() -> bool:
    """Whether a wrong answer may be asked for again."""
    return _a_person_is_there()


def _a_person_is_there() -> bool:
    return sys.stdin.isatty()


def _line(what: str) -> str:
    line = _text(what, lambda: sys.stdin.readline(_LINE_CHARACTERS))
    if not line:
        raise InvalidInputError(
            f"this needs the {what}: type it at a terminal, or give it as a line of standard input"
        )
    return line.rstrip("\r\n")


def _text(what: str, read: Callable[[], str]) -> str:
    """Read what must be text in UTF-8; in some locales Python reads any bytes, and only writing them fails."""
    try:
        text = read()
        text.encode()
    except UnicodeError:
        raise InvalidInputError(f"the {what} is no text in UTF-8") from None
    return text
