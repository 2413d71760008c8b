"""Where one caption ends and the next begins: the cheapest way to cut a slide's words, by what readers mind.

Every possible caption has a cost; the cheapest row of captions is found by dynamic programming, as in Knuth and
Plass, "Breaking Paragraphs into Lines" (1981). What must not be costs so much that it only happens where nothing
else is possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.contracts.timeline import Rate

PAUSE_MS = 500
"""A silence after which the words before it should be gone."""

_SENTENCE_ENDS = (".", "!", "?", "…", "।", "॥", "。", "؟", "！", "？")
_CLAUSE_ENDS = (",", ";", ":", "—", "–", "،", "，", "、", "；", "：")
_QUOTES = "\"'”’»)]」』）"

# Costs, from what readers hardly notice to what must not be. A caption shorter than a frame would not be seen, one
# too long would not fit, one below 0.7 s flickers. A row of captions has at most some hundred of the lesser costs.
_EACH = 6.0
_UNEVEN = 6.0
_WITHIN_CLAUSE, _AFTER_SHORT_WORD = 3.0, 2.0
_LONE_WORD = 12.0
_OVER_PAUSE, _OVER_SENTENCE = 10.0, 25.0
_FLICKER = 1e4
_TOO_LONG, _UNSEEN = 1e8, 1e12
_SHORT_WORD_COLUMNS = 3


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A word that captions are made of.

    ``columns`` is its width in letters with the space before it. ``start`` and ``end`` are frames.
    """

    text: str
    columns: int
    is_glued: bool
    start: int
    end: int

    @property
    def ends_sentence(self) -> bool:
        return self.text.rstrip(_QUOTES).endswith(_SENTENCE_ENDS)

    @property
    def ends_clause(self) -> bool:
        return self.text.rstrip(_QUOTES).endswith(_CLAUSE_ENDS)


def best_breaks(words: Sequence[Spoken], *, rate: Rate, end: int, most_columns: int, least_ms: int) -> list[int]:
    """Numbers of the words that begin a caption, in order.

    Args:
        end: Frame at which the last caption must be gone.
        most_columns: Widest caption, the space before its first word counted.
        least_ms: A caption that can be seen for less flickers.
    """
    costs = _Costs(words, rate=rate, end=end, most_columns=most_columns, least_ms=least_ms)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for last in range(1, len(words) + 1):
        best.append(min((best[first][0] + costs.of(first, last), first) for first in costs.starts_before(last)))
    breaks: list[int] = []
    last = len(words)
    while last > 0:
        last = best[last][1]
        breaks.append(last)
    return breaks[::-1]


class _Costs:
    """What a caption of the words ``first`` to ``last`` (exclusive) costs."""

    def __init__(self, words: Sequence[Spoken], *, rate: Rate, end: int, most_columns: int, least_ms: int) -> None:
        self._words = words
        self._most = most_columns
        self._columns = [0, *accumulate(word.columns for word in words)]
        self._least = float(rate.fraction * least_ms / 1000)
        self._pause = float(rate.fraction * PAUSE_MS / 1000)
        self._until = [word.start for word in words[1:]] + [end]
        self._sentences = [0, *accumulate(int(word.ends_sentence) for word in words)]
        self._pauses = [0, *accumulate(int(self._is_pause_after(n)) for n in range(len(words)))]

    def starts_before(self, last: int) -> range:
        """First words of captions that may end before ``last``: all that fit, and those that flicker otherwise."""
        first = last - 1
        while first > 0 and (self._fits(first - 1, last) or self._shown(first, last) < 1):
            first -= 1
        return range(first, last)

    def of(self, first: int, last: int) -> float:
        cost = _EACH + self._size_cost(first, last) + self._time_cost(first, last)
        inner = last - 1
        cost += _OVER_SENTENCE * (self._sentences[inner] - self._sentences[first])
        cost += _OVER_PAUSE * (self._pauses[inner] - self._pauses[first])
        return cost + self._break_cost(first, last)

    def _size_cost(self, first: int, last: int) -> float:
        columns = self._columns[last] - self._columns[first]
        if last - first > 1 and columns > self._most:
            return _TOO_LONG
        return _UNEVEN * (columns / self._most) ** 2

    def _time_cost(self, first: int, last: int) -> float:
        shown = self._shown(first, last)
        if shown < 1:
            return _UNSEEN
        return _FLICKER if shown < self._least else 0.0

    def _break_cost(self, first: int, last: int) -> float:
        """What breaking after this caption's last word costs; a lone word is a sentence, or an orphan."""
        word = self._words[last - 1]
        starts_sentence = first == 0 or self._words[first - 1].ends_sentence
        is_whole = starts_sentence and (word.ends_sentence or last == len(self._words))
        cost = _LONE_WORD if not is_whole and self._is_lone(first, last) else 0.0
        if last == len(self._words) or word.ends_sentence or self._is_pause_after(last - 1):
            return cost
        if not word.ends_clause:
            cost += _WITHIN_CLAUSE
            cost += _AFTER_SHORT_WORD if word.columns <= _SHORT_WORD_COLUMNS + 1 and not word.is_glued else 0.0
        return cost

    def _is_lone(self, first: int, last: int) -> bool:
        """Whether it is one word, or three letters or less of a text without spaces."""
        return last - first == 1 or (
            self._columns[last] - self._columns[first] <= 7
            and all(word.is_glued for word in self._words[first + 1 : last])
        )

    def _is_pause_after(self, number: int) -> bool:
        return number + 1 < len(self._words) and self._until[number] - self._words[number].end > self._pause

    def _shown(self, first: int, last: int) -> int:
        """Frames for which a caption can be seen: until the next one begins."""
        return self._until[last - 1] - self._words[first].start

    def _fits(self, first: int, last: int) -> bool:
        return self._columns[last] - self._columns[first] <= self._most
