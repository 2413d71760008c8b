"""Where each word of a caption stands on the frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

from services.renderer.pipeline.direction import runs_right_to_left, visual_order
from services.renderer.pipeline.font_runs import Run, han_language, runs_of
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.wrapping import balanced_lines, filled_lines
from shared.contracts.timeline import CaptionStyle, FrameSize
from shared.safe_area import SafeArea, caption_font_size, safe_area

Box = tuple[int, int, int, int]
"""Left and top edge, right and bottom edge (exclusive) of a rectangle in a canvas [px]."""

_MOST_LINES = 2
# A text too long for two lines gets smaller down to this share of its size, then gets more lines.
_SMALLEST_SHARE, _SHRINK = 0.55, 0.92
_SMALLEST_PIXELS = 8

# In shares of the font size. Ascent and descent hold most scripts; a line with taller letters gets more.
_SPACE, _ASCENT, _DESCENT = 0.27, 1.02, 0.32
_PADDING_X, _PADDING_Y = 0.42, 0.14
_SHADOW_REACH = 0.16
_EMOJI_HEIGHT = 1.1
_EMOJI_STRIKE_HEIGHT = 128


class Word(Protocol):
    """What is laid out."""

    @property
    def text(self) -> str: ...

    @property
    def is_glued(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class PlacedRun:
    """Text of one face; ``x`` is its left edge in the canvas, ``baseline`` the line it stands on [px]."""

    run: Run
    x: float
    baseline: float
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class PlacedWord:
    """A word on its line.

    ``cell`` is the part of the canvas in which no other word is seen; its edges are even, but for the canvas's.
    ``left`` and ``right`` are the edges of its letters [px].
    """

    runs: tuple[PlacedRun, ...]
    cell: Box
    left: float
    right: float
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class CaptionLayout:
    """A caption's canvas on the frame [px, all even] and what stands in it.

    ``box`` is the part of the canvas behind the text; what lies around it is for outline and shadow. ``words`` has
    one entry for each word that was given; None for one that no font can draw, or that did not fit on the frame.
    ``missing`` are characters no font has.
    """

    x: int
    y: int
    width: int
    height: int
    box: Box
    font_size: int
    outline: float
    words: tuple[PlacedWord | None, ...]
    missing: frozenset[str]


def lay_out(
    texts: Sequence[Word], style: CaptionStyle, frame: FrameSize, own: Face | None = None
) -> CaptionLayout:
    """Place the words of one caption: in the middle, in at most two lines if that can be read.

    Args:
        own: Face of the author's own font.
    """
    whole = " ".join(word.text for word in texts)
    words = [_Word(word, own, han_language(whole)) for word in texts]
    drawn = [word for word in words if word.runs]
    right_to_left = runs_right_to_left(whole) or False
    size, lines = _fitted(drawn, style, frame)
    block = _Block(drawn, lines, size, style, frame)
    placed = dict(_placed_words(block, right_to_left))
    return CaptionLayout(
        x=block.x - block.margin_x,
        y=block.y - block.margin_y,
        width=block.width + 2 * block.margin_x,
        height=block.height + 2 * block.margin_y,
        box=(block.margin_x, block.margin_y, block.margin_x + block.width, block.margin_y + block.height),
        font_size=size,
        outline=block.outline,
        words=tuple(placed.get(word) for word in words),
        missing=frozenset(character for word in words for character in word.missing),
    )


def captions_top(style: CaptionStyle, frame: FrameSize) -> int:
    """The highest row that a caption of two lines reaches [px]; what must not meet captions ends above it."""
    size, area = caption_font_size(style, frame), safe_area(frame)
    lower = min(area.bottom, frame.height * style.baseline_permille / 1000 + size * _PADDING_Y)
    return max(0, int(lower - _MOST_LINES * size * (_ASCENT + _DESCENT) - 2 * size * _PADDING_Y))


def emoji_scale(size: int) -> float:
    """How much the emoji pictures are enlarged to stand in text of a font size [px]."""
    return size * _EMOJI_HEIGHT / _EMOJI_STRIKE_HEIGHT


class _Word:
    """A word split by face; measured in any size."""

    def __init__(self, word: Word, own: Face | None, language: str | None) -> None:
        self.text = word.text
        self.is_glued = word.is_glued
        self.right_to_left = runs_right_to_left(word.text)
        self.runs, self.missing = runs_of(word.text, own, language)

    @property
    def direction(self) -> str:
        return "rtl" if self.right_to_left else "ltr"

    def widths(self, size: int) -> list[float]:
        """Width of each run [px]."""
        return [self._run_width(run, size) for run in self.runs]

    def heights(self, size: int) -> tuple[float, float]:
        """How far its ink reaches above and below the line [px]."""
        boxes = [
            (
                font.getbbox(run.text, anchor="ls", direction=self.direction, language=run.language),
                run.face.is_emoji,
            )
            for run in self.runs
            for font in [run.face.at(size)]
        ]
        scaled = [(box, emoji_scale(size) if is_emoji else 1.0) for box, is_emoji in boxes]
        return max(-box[1] * scale for box, scale in scaled), max(box[3] * scale for box, scale in scaled)

    def _run_width(self, run: Run, size: int) -> float:
        length = run.face.at(size).getlength(run.text, direction=self.direction, language=run.language)
        return length * emoji_scale(size) if run.face.is_emoji else length


def _gaps(words: Sequence[_Word], size: int) -> list[float]:
    return [0.0 if word.is_glued else size * _SPACE for word in words]


def _fitted(words: Sequence[_Word], style: CaptionStyle, frame: FrameSize) -> tuple[int, list[range]]:
    """Largest font size, not above the style's, in which the words fill at most two lines; and those lines."""
    wanted, area = caption_font_size(style, frame), safe_area(frame)
    size = max(_SMALLEST_PIXELS, round(wanted))
    if not words:
        return size, []
    while True:
        most_width = area.width - 2 * size * _PADDING_X
        widths, gaps = [sum(word.widths(size)) for word in words], _gaps(words, size)
        lines = balanced_lines(widths, gaps, most_width, _MOST_LINES)
        if lines is not None:
            return size, lines
        if size <= _SMALLEST_PIXELS or (size <= wanted * _SMALLEST_SHARE and max(widths) <= most_width):
            height = area.bottom - area.top - 2 * size * _PADDING_Y - 4
            most_lines = max(1, int(height / (size * (_ASCENT + _DESCENT))))
            return size, filled_lines(widths, gaps, most_width)[:most_lines]
        size = max(_SMALLEST_PIXELS, int(size * _SHRINK))


class _Block:
    """The lines of a caption and the box behind them: even edges, inside the safe area, as low as the style says.

    ``margin_x`` and ``margin_y`` are the room around the box for outline and shadow.
    """

    def __init__(
        self,
        words: Sequence[_Word],
        lines: Sequence[range],
        size: int,
        style: CaptionStyle,
        frame: FrameSize,
    ) -> None:
        self.size = size
        self.lines = [[words[n] for n in line] for line in lines]
        self.line_widths = [self._line_width(line) for line in self.lines]
        self.outline = size * style.outline_permille / style.size_permille
        padding_x, padding_y = size * _PADDING_X, size * _PADDING_Y
        heights = [_line_heights(line, size) for line in self.lines]
        self.width = min(frame.width, _even(max(self.line_widths, default=0) + 2 * padding_x))
        self.height = min(frame.height, _even(sum(map(sum, heights)) + 2 * padding_y))
        self.x = (frame.width - self.width) // 4 * 2
        self.y = self._top(style, frame, safe_area(frame), padding_y)
        reach = math.ceil(self.outline + (0 if style.box_opacity_permille else size * _SHADOW_REACH)) + 2
        self.margin_x = min(_even(reach), self.x)
        self.margin_y = min(_even(reach), self.y, frame.height - self.height - self.y)
        tops = [0.0, *accumulate(map(sum, heights))]
        self.baselines = [
            self.margin_y + padding_y + top + up for top, (up, _) in zip(tops, heights, strict=False)
        ]
        inner_edges = (_even(self.margin_y + padding_y + top) for top in tops[1:-1])
        self.rows = list(pairwise([0, *inner_edges, self.height + 2 * self.margin_y]))

    def gap(self, one: _Word, other: _Word, line: Sequence[_Word]) -> float:
        """Room between two words that stand side by side on a line."""
        first, second = sorted((line.index(one), line.index(other)))
        return 0.0 if second == first + 1 and line[second].is_glued else self.size * _SPACE

    def _line_width(self, line: Sequence[_Word]) -> float:
        return sum(sum(word.widths(self.size)) for word in line) + sum(_gaps(line, self.size)[1:])

    def _top(self, style: CaptionStyle, frame: FrameSize, area: SafeArea, padding: float) -> int:
        lower_edge = min(frame.height * style.baseline_permille / 1000 + padding, area.bottom)
        top = max(_even(lower_edge - self.height), area.top // 2 * 2)
        return min(top, frame.height - self.height)


def _line_heights(line: Sequence[_Word], size: int) -> tuple[float, float]:
    """Room above and below the baseline of a line."""
    ascents, descents = zip(*(word.heights(size) for word in line), strict=True)
    return max(size * _ASCENT, *ascents), max(size * _DESCENT, *descents)


def _even(length: float) -> int:
    return round(length / 2) * 2


def _placed_words(block: _Block, right_to_left: bool) -> Iterator[tuple[_Word, PlacedWord]]:
    width = block.width + 2 * block.margin_x
    for number, line in enumerate(block.lines):
        order = visual_order([word.text for word in line], right_to_left=right_to_left)
        words = [line[n] for n in order]
        ink = list(_ink(block, line, words, (width - block.line_widths[number]) / 2))
        edges = [0, *(_even((one[1] + other[0]) / 2) for one, other in pairwise(ink)), width]
        top, bottom = block.rows[number]
        for word, (left, right), (cell_left, cell_right) in zip(words, ink, pairwise(edges), strict=True):
            backwards = right_to_left if word.right_to_left is None else word.right_to_left
            runs = tuple(_placed_runs(word, left, block.baselines[number], block.size, backwards))
            cell = (cell_left, top, cell_right, bottom)
            yield word, PlacedWord(runs=runs, cell=cell, left=left, right=right, right_to_left=backwards)


def _ink(block: _Block, line: Sequence[_Word], words: Sequence[_Word], x: float) -> Iterator[tuple[float, float]]:
    """Left and right edge of each word, from left to right."""
    for number, word in enumerate(words):
        left = x + (block.gap(words[number - 1], word, line) if number else 0.0)
        x = left + sum(word.widths(block.size))
        yield left, x


def _placed_runs(word: _Word, x: float, baseline: float, size: int, backwards: bool) -> Iterator[PlacedRun]:
    runs = list(zip(word.runs, word.widths(size), strict=True))
    for run, width in reversed(runs) if backwards else runs:
        yield PlacedRun(run=run, x=x, baseline=baseline, right_to_left=backwards)
        x += width
