"""Which way words run: the Unicode bidirectional algorithm (UAX #9) on the level of whole words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_RIGHT_TO_LEFT = ("R", "AL")
_STRONG = ("L", *_RIGHT_TO_LEFT)


def runs_right_to_left(text: str) -> bool | None:
    """Direction of the first letter that has one (rules P2 and P3); None when none has."""
    strong = (unicodedata.bidirectional(character) for character in text)
    first = next((kind for kind in strong if kind in _STRONG), None)
    return None if first is None else first in _RIGHT_TO_LEFT


def visual_order(words: Sequence[str], *, right_to_left: bool) -> list[int]:
    """Order of a line's words from left to right (rule L2 with two levels).

    Args:
        right_to_left: Direction of the whole caption, which words without a letter follow.
    """
    groups: list[list[int]] = []
    last: bool | None = None
    for number, word in enumerate(words):
        direction = runs_right_to_left(word)
        direction = right_to_left if direction is None else direction
        if direction == last:
            groups[-1].append(number)
        else:
            groups.append([number])
        last = direction
    ordered = [group[::-1] if _is_reversed(words, group, right_to_left) else group for group in groups]
    return [number for group in (ordered[::-1] if right_to_left else ordered) for number in group]


def _is_reversed(words: Sequence[str], group: Sequence[int], right_to_left: bool) -> bool:
    direction = runs_right_to_left(words[group[0]])
    return right_to_left if direction is None else direction
