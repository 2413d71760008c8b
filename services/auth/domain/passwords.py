"""What a password may be, and what is kept of it (NIST SP 800-63B-4 section 3.1.1; ASVS 5.0 chapter 6).

Length is what counts: no rule asks for digits or signs (ASVS 6.2.5), nothing is cut off or folded (6.2.8), and
nothing expires by itself (6.2.10). What everybody would try first is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

LEAST_CHARACTERS = 15
"""NIST SP 800-63B-4 3.1.1.2: what may be the only factor has at least 15 characters."""
MOST_CHARACTERS = 256
MOST_BYTES = 1_024
"""In UTF-8; keeps the cost of hashing bounded, and is no limit for any script within ``MOST_CHARACTERS``."""

PRODUCT = "studiomatic"
WORD_LEAST_CHARACTERS = 4
"""Shorter parts of a name or an address are in too many good passwords by chance."""

_TOO_COMMON_PARTS = frozenset({"mail", "email"})
_WORDS = re.compile(r"[^\W_]+")
_SUBSTITUTES = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i"}
)


@dataclass(frozen=True, kw_only=True)
class StoredPassword:
    """What is kept of a password.

    Attributes:
        phc: Argon2id hash in PHC string format.
        pepper_version: Version of the keyed hash before it; 0: none.
        must_change: It was found in a breach after it was set.
    """

    phc: str = field(repr=False)
    pepper_version: int
    must_change: bool = False


def normalised(password: str) -> str:
    """The spelling that is counted, judged and hashed: NFKC, so that every keyboard gives the same one."""
    return unicodedata.normalize("NFKC", password)


def reason_of_length(password: str) -> str | None:
    """Why the length of a normalised password is refused; None when it is not."""
    characters = len(password)
    if characters < LEAST_CHARACTERS:
        return f"it has {characters} characters; use at least {LEAST_CHARACTERS}, for example four words"
    if characters > MOST_CHARACTERS or len(password.encode()) > MOST_BYTES:
        return f"it is too long; use at most {MOST_CHARACTERS} characters"
    return None


def reason_of_derivation(password: str, *, name: str, email: str) -> str | None:
    """Why a password is too close to what anybody knows of its owner or of us; None when it is not.

    Looks through upper case, separators, the usual substitutes of letters, and reversed spelling (ASVS 6.2.11).
    """
    spellings = set(_spellings(password))
    for what, words in (
        ("your name", _parts(name)),
        ("your e-mail address", _parts(email)),
        ("the name of this product", {PRODUCT}),
    ):
        if any(word in spelling for word in words for spelling in spellings):
            return f"it contains {what}, which others would try first"
    return None


def _spellings(password: str) -> Iterator[str]:
    plain = password.casefold()
    for spelling in (plain, plain.translate(_SUBSTITUTES)):
        joined = "".join(_WORDS.findall(spelling))
        yield from (spelling, spelling[::-1], joined, joined[::-1])


def _parts(text: str) -> set[str]:
    """The words of a text, and all of them in one; the end of a domain is nobody's word."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    local, at, domain = folded.rpartition("@")
    known = f"{local} {domain.rpartition('.')[0]}" if at else folded
    words = _WORDS.findall(known)
    return {part for part in (*words, "".join(words)) if _is_telling(part)}


def _is_telling(part: str) -> bool:
    return len(part) >= WORD_LEAST_CHARACTERS and part not in _TOO_COMMON_PARTS
