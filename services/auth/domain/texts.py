"""Lines that people write about themselves: names and companies."""

from __future__ import annotations

import unicodedata

from shared.contracts.accounts import NAME_MAX_CHARACTERS
from shared.errors import InvalidInputError
from shared.text import JOINERS, is_visible


def line_of(text: str, field: str) -> str:
    """A line as it is kept: NFC, without white space around it.

    Raises:
        InvalidInputError: It is empty, too long, or has characters that nobody can see; names the field.
    """
    line = unicodedata.normalize("NFC", text).strip()
    if not line.strip(JOINERS):
        raise InvalidInputError(f"{field} is empty; write something, or leave it out")
    if len(line) > NAME_MAX_CHARACTERS:
        raise InvalidInputError(f"{field} is longer than {NAME_MAX_CHARACTERS} characters; shorten it")
    if not is_visible(line):
        raise InvalidInputError(
            f"{field} has a line break, a control character or another invisible one; remove it"
        )
    return line
