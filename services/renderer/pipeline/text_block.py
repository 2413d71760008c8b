"""A text set in lines of one size: what titles and lower thirds are made of."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from services.renderer.pipeline.direction import runs_right_to_left, visual_order
from services.renderer.pipeline.faced_words import FacedWord, PlacedRun, gap_between
from services.renderer.pipeline.font_runs import han_language
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.wrapping import balanced_lines, filled_lines
from shared.text_breaks import pieces_of

# In shares of the font size.
_LOW_ASCENT, _LOW_DESCENT = 0.9, 0.28
_HIGH_ASCENT, _HIGH_DESCENT = 1.06, 0.38

# Blocks of scripts that stack marks above and below their letters: from Hebrew to Vietnamese, and their outposts.
_TALL_SCRIPTS = (("\u0590", "\u1eff"), ("\ua800", "\uabff"), ("\ufb1d", "\ufefc"))

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
        FacedWord(piece, is_glued=number > 0, own=own, language=language)
        for part in text.split()
        for number, piece in enumerate(pieces_of(part))
    ]
    missing = frozenset(character for word in words for character in word.missing)
    cutter = _Cutter(own, language)
    setting = _fitted([word for word in words if word.runs], room, _line_height(text), cutter)
    return setting.block(text, align, right_to_left, missing)


@dataclass(frozen=True)
class _Cutter:
    """Cuts words that are wider than a line."""

    own: Face | None
    language: str | None

    def pieces(self, word: FacedWord, size: int, most_width: float) -> list[FacedWord]:
        """The word itself, or when it is too wide, parts of about equal length that are not."""
        letters = list(_letters(word.text))
        count = min(len(letters), math.ceil(word.width(size) / most_width))
        pieces = self._cut(word, letters, count)
        while count < len(letters) and any(piece.width(size) > most_width for piece in pieces):
            count += 1
            pieces = self._cut(word, letters, count)
        return pieces

    def _cut(self, word: FacedWord, letters: Sequence[str], count: int) -> list[FacedWord]:
        if count <= 1:
            return [word]
        edges = [len(letters) * number // count for number in range(count + 1)]
        parts = ["".join(letters[first:end]) for first, end in pairwise(edges)]
        return [
            FacedWord(part, is_glued=word.is_glued or number > 0, own=self.own, language=self.language)
            for number, part in enumerate(parts)
        ]


@dataclass(frozen=True, kw_only=True)
class _Setting:
    """Words in lines of one size."""

    words: Sequence[FacedWord]
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
            words = [self.words[n] for n in line]
            order = visual_order([word.text for word in words], right_to_left=right_to_left)
            for place, word in enumerate(words[n] for n in order):
                if place:
                    x += gap_between(words[order[place - 1]], word, words, self.size)
                backwards = right_to_left if word.right_to_left is None else word.right_to_left
                yield from word.placed(x, baseline, self.size, backwards=backwards)
                x += word.width(self.size)


def _fitted(words: Sequence[FacedWord], room: Room, line_height: float, cutter: _Cutter) -> _Setting:
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
            setting = _filled(words, room, size, cutter)
            if len(setting.lines) <= rows or size <= _SMALLEST_PIXELS:
                return _Setting(words=setting.words, lines=setting.lines[:rows], size=size)
        size = max(_SMALLEST_PIXELS, int(size * _SHRINK))


def _filled(words: Sequence[FacedWord], room: Room, size: int, cutter: _Cutter) -> _Setting:
    pieces = [piece for word in words for piece in cutter.pieces(word, size, room.width)]
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


def _is_tall(text: str) -> bool:
    return any(first <= character <= last for character in text for first, last in _TALL_SCRIPTS)


def _ascent(text: str) -> float:
    return _HIGH_ASCENT if _is_tall(text) else _LOW_ASCENT


def _line_height(text: str) -> float:
    return _HIGH_ASCENT + _HIGH_DESCENT if _is_tall(text) else _LOW_ASCENT + _LOW_DESCENT
