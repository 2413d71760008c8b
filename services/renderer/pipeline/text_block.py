"""A text set in lines of one size: what titles and lower thirds are made of."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from services.renderer.pipeline.caption_layout import PlacedRun, emoji_scale
from services.renderer.pipeline.direction import runs_right_to_left, visual_order
from services.renderer.pipeline.font_runs import Run, han_language, runs_of
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.wrapping import balanced_lines, filled_lines
from shared.text_breaks import pieces_of

# In shares of the font size. Scripts beyond the first ones of Unicode stack marks above and below their letters.
_SPACE = 0.27
_LAST_LOW_SCRIPT = "\u058f"
_LOW_ASCENT, _LOW_DESCENT = 0.9, 0.28
_HIGH_ASCENT, _HIGH_DESCENT = 1.06, 0.38

_SMALLEST_PIXELS = 8
LEAST_HEIGHT = _SMALLEST_PIXELS * (_HIGH_ASCENT + _HIGH_DESCENT)
"""What a line of the smallest letters takes [px]."""

_SHRINK = 0.94
# Unicode: combining class of viramas, which join two letters; general categories of what follows its letter.
_VIRAMA = 9
_FOLLOWING = ("Mn", "Mc", "Me", "Cf", "Sk")


class Align(Enum):
    """Where lines stand that are shorter than the longest."""

    MIDDLE = "middle"
    START = "start"  # left, or right where the text runs from right to left


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a text may take: ``size`` is the font size that is wanted, ``least_size`` that to which it may shrink
    to keep to ``lines``; below, lines are added. All in pixels."""

    width: float
    height: float
    lines: int
    size: int
    least_size: int


@dataclass(frozen=True, kw_only=True)
class TextBlock:
    """A text that was set; places count from its upper left corner [px]. Empty when nothing can be drawn."""

    runs: tuple[PlacedRun, ...]
    size: int
    width: float
    height: float
    right_to_left: bool
    missing: frozenset[str]


def set_text(text: str, room: Room, own: Face | None, align: Align) -> TextBlock:
    """Set a text as large as it may be; the last lines are left out only where not even 8 pixels leave room.

    Room of :data:`LEAST_HEIGHT` always holds one line.

    Args:
        own: A face that is asked before the bundled ones.
    """
    language, right_to_left = han_language(text), runs_right_to_left(text) or False
    words = [
        _Word(piece, number > 0, own, language)
        for part in text.split()
        for number, piece in enumerate(pieces_of(part))
    ]
    missing = frozenset(character for word in words for character in word.missing)
    setting = _fitted([word for word in words if word.runs], room, _line_height(text))
    return setting.block(text, align, right_to_left, missing)


class _Word:
    """What stands between two places where a line may end, split by face."""

    def __init__(self, text: str, is_glued: bool, own: Face | None, language: str | None) -> None:
        self.text = text
        self.is_glued = is_glued
        self.right_to_left = runs_right_to_left(text)
        self._own, self._language = own, language
        self.runs, self.missing = runs_of(text, own, language)

    def gap(self, size: int) -> float:
        """Width of the space before it [px]."""
        return 0.0 if self.is_glued else size * _SPACE

    def width(self, size: int) -> float:
        return sum(self.widths(size))

    def widths(self, size: int) -> list[float]:
        """Width of each run [px]."""
        return [self._run_width(run, size) for run in self.runs]

    def pieces(self, size: int, most_width: float) -> Iterator[_Word]:
        """Itself, or when it is too wide, parts of about equal length that are not."""
        letters = list(_letters(self.text))
        count = min(len(letters), -int(-self.width(size) // most_width) or 1)
        while count < len(letters) and any(piece.width(size) > most_width for piece in self._cut(letters, count)):
            count += 1
        yield from [self] if count <= 1 else self._cut(letters, count)

    def _cut(self, letters: Sequence[str], count: int) -> list[_Word]:
        edges = [len(letters) * number // count for number in range(count + 1)]
        parts = ["".join(letters[first:end]) for first, end in pairwise(edges)]
        return [
            _Word(part, self.is_glued or number > 0, self._own, self._language)
            for number, part in enumerate(parts)
        ]

    def _run_width(self, run: Run, size: int) -> float:
        font, backwards = run.face.at(size), bool(self.right_to_left)
        length = font.getlength(run.text, direction="rtl" if backwards else "ltr", language=run.language)
        return length * emoji_scale(size) if run.face.is_emoji else length


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Words in lines of one size."""

    words: Sequence[_Word]
    lines: Sequence[range]
    size: int

    def block(self, text: str, align: Align, right_to_left: bool, missing: frozenset[str]) -> TextBlock:
        widths = [self._line_width(line) for line in self.lines]
        width = max(widths, default=0.0)
        return TextBlock(
            runs=tuple(self._placed(text, widths, width, align, right_to_left)),
            size=self.size,
            width=width,
            height=len(self.lines) * _line_height(text) * self.size,
            right_to_left=right_to_left,
            missing=missing,
        )

    def _line_width(self, line: range) -> float:
        return sum(self.words[n].width(self.size) + self.words[n].gap(self.size) * (n > line.start) for n in line)

    def _placed(
        self, text: str, widths: Sequence[float], width: float, align: Align, right_to_left: bool
    ) -> Iterator[PlacedRun]:
        for row, (line, line_width) in enumerate(zip(self.lines, widths, strict=True)):
            left_over = width - line_width
            x = left_over / 2 if align is Align.MIDDLE else left_over * right_to_left
            baseline = (row * _line_height(text) + _ascent(text)) * self.size
            for word, gap in self._from_left(line, right_to_left):
                x += gap
                yield from _placed_runs(word, x, baseline, self.size, right_to_left)
                x += word.width(self.size)

    def _from_left(self, line: range, right_to_left: bool) -> Iterator[tuple[_Word, float]]:
        """A line's words from left to right, each with the space to its left."""
        order = visual_order([self.words[n].text for n in line], right_to_left=right_to_left)
        for place, number in enumerate(order):
            # The space between two words belongs to the one that is read later.
            later = max(number, order[place - 1]) if place else None
            yield self.words[line[number]], 0.0 if later is None else self.words[line[later]].gap(self.size)


def _placed_runs(word: _Word, x: float, baseline: float, size: int, right_to_left: bool) -> Iterator[PlacedRun]:
    backwards = right_to_left if word.right_to_left is None else word.right_to_left
    runs = list(zip(word.runs, word.widths(size), strict=True))
    for run, width in reversed(runs) if backwards else runs:
        yield PlacedRun(run=run, x=x, baseline=baseline, right_to_left=backwards)
        x += width


def _fitted(words: Sequence[_Word], room: Room, line_height: float) -> _Setting:
    """The largest size in which the words fill no more lines than wanted; else the smallest wanted, or below it
    the largest that leaves no line outside."""
    size = max(_SMALLEST_PIXELS, room.size)
    while True:
        rows = int(room.height / (size * line_height))
        widths = [word.width(size) for word in words]
        gaps = [word.gap(size) for word in words]
        lines = balanced_lines(widths, gaps, room.width, min(room.lines, rows)) if words else []
        if lines is not None:
            return _Setting(words=words, lines=lines, size=size)
        if size <= max(_SMALLEST_PIXELS, room.least_size):
            setting = _filled(words, room, size)
            if len(setting.lines) <= rows or size <= _SMALLEST_PIXELS:
                return _Setting(words=setting.words, lines=setting.lines[:rows], size=size)
        size = max(_SMALLEST_PIXELS, int(size * _SHRINK))


def _filled(words: Sequence[_Word], room: Room, size: int) -> _Setting:
    pieces = [piece for word in words for piece in word.pieces(size, room.width)]
    widths, gaps = [piece.width(size) for piece in pieces], [piece.gap(size) for piece in pieces]
    return _Setting(words=pieces, lines=filled_lines(widths, gaps, room.width), size=size)


def _letters(word: str) -> Iterator[str]:
    """A word's letters with all that belongs to them, which no line break may part."""
    letter = ""
    for character in word:
        joined = letter and (unicodedata.combining(letter[-1]) == _VIRAMA or letter[-1] == "\N{ZERO WIDTH JOINER}")
        if letter and not joined and unicodedata.category(character) not in _FOLLOWING:
            yield letter
            letter = ""
        letter += character
    if letter:
        yield letter


def _is_low(text: str) -> bool:
    return max(text, default="") <= _LAST_LOW_SCRIPT


def _ascent(text: str) -> float:
    return _LOW_ASCENT if _is_low(text) else _HIGH_ASCENT


def _line_height(text: str) -> float:
    return _LOW_ASCENT + _LOW_DESCENT if _is_low(text) else _HIGH_ASCENT + _HIGH_DESCENT
