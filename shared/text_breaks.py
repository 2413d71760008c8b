"""Where text that is written without spaces may be broken into lines and captions.

A small part of the Unicode line breaking algorithm (UAX #14), on runs that hold no space: Chinese and Japanese
break between characters, but not before what closes or goes on, nor after what opens. Korean is written with
spaces and breaks only there. Thai words cannot be told apart without a dictionary: it breaks at zero-width spaces,
and a long stretch also before a vowel that is written at the start of its syllable, which is never within one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

ZERO_WIDTH_SPACE = "\N{ZERO WIDTH SPACE}"

# UAX #14 classes CJ and NS: small kana, iteration and length marks, which never start a line.
_NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ々〻ゝゞヽヾー・：；‥…～〜％‰℃°")
_CLOSING = ("Pe", "Pf", "Po", "Pd")
_OPENING = ("Ps", "Pi")
_WIDE = ("W", "F")
_HANGUL = (range(0x1100, 0x1200), range(0x3130, 0x3190), range(0xA960, 0xA980), range(0xAC00, 0xD800))
_THAI = range(0x0E00, 0x0E80)
_THAI_FIRST_VOWELS = frozenset("เแโใไ")
_LONGEST_THAI, _SHORTEST_THAI = 24, 8


def pieces_of(run: str) -> list[str]:
    """Cut a run without spaces wherever a line may end; most runs stay whole, zero-width spaces go."""
    pieces: list[str] = []
    for part in run.split(ZERO_WIDTH_SPACE):
        pieces.extend(_cut(part))
    return pieces


def columns_of(text: str) -> int:
    """How wide a text is, roughly, in letters: an ideograph counts as two, a mark as none (UAX #11)."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(c) in _WIDE
        else 1
        for c in text
    )


def is_ideographic(character: str) -> bool:
    """Whether it belongs to a script in which a line may end after nearly every character."""
    return (
        unicodedata.east_asian_width(character) in _WIDE
        and unicodedata.category(character).startswith("L")
        and not any(ord(character) in block for block in _HANGUL)
    )


def is_written_without_spaces(character: str) -> bool:
    """Whether words of its script follow each other without a space."""
    return is_ideographic(character) or ord(character) in _THAI or _is_wide_punctuation(character)


def _is_wide_punctuation(character: str) -> bool:
    return unicodedata.east_asian_width(character) in _WIDE and unicodedata.category(character).startswith("P")


def _cut(run: str) -> Iterator[str]:
    start = 0
    for place in range(1, len(run)):
        if _may_break(run, place, place - start):
            yield run[start:place]
            start = place
    if run:
        yield run[start:]


def _may_break(run: str, place: int, length: int) -> bool:
    before, after = run[place - 1], run[place]
    if after in _THAI_FIRST_VOWELS:
        return (
            len(run) > _LONGEST_THAI and min(length, len(run) - place) >= _SHORTEST_THAI and ord(before) in _THAI
        )
    if not any(is_ideographic(c) or _is_wide_punctuation(c) for c in (before, after)):
        return False
    return not _goes_on(after) and unicodedata.category(before) not in _OPENING


def _goes_on(character: str) -> bool:
    category = unicodedata.category(character)
    return character in _NEVER_FIRST or category in _CLOSING or category.startswith(("M", "Cf"))
