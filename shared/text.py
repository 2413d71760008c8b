"""Which text can be kept: PostgreSQL stores no U+0000, and UTF-8 has no half of a surrogate pair.

Source: PostgreSQL documentation, 8.3 Character Types and 8.14 JSON Types; Unicode standard, definition D92.
"""

from __future__ import annotations

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
