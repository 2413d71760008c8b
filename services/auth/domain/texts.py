"""Lines that people write about themselves: names and companies."""

from __future__ import annotations

import unicodedata

from shared.contracts.accounts import NAME_MAX_CHARACTERS
from shared.errors import InvalidInputError

_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Hindi, Persian and others need them inside of words."""


def line_of(text: str, field: str) -> str:
    """A line as it is kept: NFC, without white space around it.

    Raises:
        InvalidInputError: It is empty, too long, or has characters that nobody can see; names the field.
    """
    line = " ".join(unicodedata.normalize("NFC", text).split(" ")).strip()
    if not line.strip(_JOINERS):
        raise InvalidInputError(f"{field} is empty; write something, or leave it out")
    if len(line) > NAME_MAX_CHARACTERS:
        raise InvalidInputError(f"{field} is longer than {NAME_MAX_CHARACTERS} characters; shorten it")
    if any(_is_invisible(sign) for sign in line):
        raise InvalidInputError(
            f"{field} has a line break, a control character or another invisible one; remove it"
        )
    return line


def _is_invisible(sign: str) -> bool:
    """Controls, direction marks, private and unassigned characters, line and paragraph separators."""
    category = unicodedata.category(sign)
    return (category[0] == "C" or category in ("Zl", "Zp")) and sign not in _JOINERS
