"""Which text can be kept, and which can be read by people.

PostgreSQL stores no U+0000, and UTF-8 has no half of a surrogate pair. Source: PostgreSQL documentation, 8.3
Character Types and 8.14 JSON Types; Unicode standard, definition D92 and table 4-4 (general categories).
"""

from __future__ import annotations

import unicodedata

JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Hindi, Persian and others need them inside of words."""
_SEPARATORS = ("Zl", "Zp")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def is_storable(text: str) -> bool:
    """Whether every database and every message can hold the text."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def made_storable(text: str) -> str:
    """The text with U+FFFD for every character that cannot be stored; for words that others wrote."""
    if is_storable(text):
        return text
    return "".join(sign if is_storable(sign) else _REPLACEMENT for sign in text)


def is_visible(line: str) -> bool:
    """Whether a line hides nothing: no controls, direction marks, private and unassigned characters, line ends."""
    return not any(_is_invisible(sign) for sign in line)


def _is_invisible(sign: str) -> bool:
    category = unicodedata.category(sign)
    return (category[0] == "C" or category in _SEPARATORS) and sign not in JOINERS
