"""Where each word of a caption stands on the frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

from services.renderer.pipeline.direction import runs_right_to_left, visual_order
from services.renderer.pipeline.faced_words import FacedWord, PlacedRun, gap_between
from services.renderer.pipeline.font_runs import han_language
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.wrapping import balanced_lines, filled_lines
from shared.contracts.timeline import CaptionMode, CaptionStyle, FrameSize
from shared.safe_area import SafeArea, caption_font_size, safe_area

Box = tuple[int, int, int, int]
"""Left and top edge, right and bottom edge (exclusive) of a rectangle in a canvas [px]."""

_MOST_LINES = 2
# A text too long for two lines gets smaller down to this share of its size, then gets more lines.
_SMALLEST_SHARE, _SHRINK = 0.55, 0.92
_SMALLEST_PIXELS = 8

# In shares of the font size. Ascent and descent hold most scripts; a line with taller letters gets more.
_ASCENT, _DESCENT = 1.02, 0.32
_PADDING_X, _PADDING_Y = 0.42, 0.14
_SHADOW_REACH = 0.16


class Word(Protocol):
    """What is laid out."""

    @property
    def text(self) -> str: ...

    @property
    def is_glued(self) -> bool: ...


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
    language = han_language(whole)
    words = [FacedWord(word.text, is_glued=word.is_glued, own=own, language=language) for word in texts]
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
    """The highest row that a caption of all its lines reaches [px]; what must not meet captions ends above it."""
    size, area = caption_font_size(style, frame), safe_area(frame)
    lower = min(area.bottom, frame.height * style.baseline_permille / 1000 + size * _PADDING_Y)
    lines = 1 if style.mode is CaptionMode.ONE_WORD else _MOST_LINES
    return max(0, int(lower - lines * size * (_ASCENT + _DESCENT) - 2 * size * _PADDING_Y))


def _fitted(words: Sequence[FacedWord], style: CaptionStyle, frame: FrameSize) -> tuple[int, list[range]]:
    """Largest font size, not above the style's, in which the words fill at most two lines; and those lines."""
    wanted, area = caption_font_size(style, frame), safe_area(frame)
    size = max(_SMALLEST_PIXELS, round(wanted))
    if not words:
        return size, []
    while True:
        most_width = area.width - 2 * size * _PADDING_X
        widths, gaps = [word.width(size) for word in words], [word.gap(size) for word in words]
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
        words: Sequence[FacedWord],
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

    def _line_width(self, line: Sequence[FacedWord]) -> float:
        return sum(word.width(self.size) for word in line) + sum(word.gap(self.size) for word in line[1:])

    def _top(self, style: CaptionStyle, frame: FrameSize, area: SafeArea, padding: float) -> int:
        lower_edge = min(frame.height * style.baseline_permille / 1000 + padding, area.bottom)
        top = max(_even(lower_edge - self.height), area.top // 2 * 2)
        return min(top, frame.height - self.height)


def _line_heights(line: Sequence[FacedWord], size: int) -> tuple[float, float]:
    """Room above and below the baseline of a line."""
    ascents, descents = zip(*(word.heights(size) for word in line), strict=True)
    return max(size * _ASCENT, *ascents), max(size * _DESCENT, *descents)


def _even(length: float) -> int:
    return round(length / 2) * 2


def _placed_words(block: _Block, right_to_left: bool) -> Iterator[tuple[FacedWord, PlacedWord]]:
    width = block.width + 2 * block.margin_x
    for number, line in enumerate(block.lines):
        order = visual_order([word.text for word in line], right_to_left=right_to_left)
        words = [line[n] for n in order]
        ink = list(_ink(block, line, words, (width - block.line_widths[number]) / 2))
        edges = [0, *(_even((one[1] + other[0]) / 2) for one, other in pairwise(ink)), width]
        top, bottom = block.rows[number]
        for word, (left, right), (cell_left, cell_right) in zip(words, ink, pairwise(edges), strict=True):
            backwards = right_to_left if word.right_to_left is None else word.right_to_left
            runs = tuple(word.placed(left, block.baselines[number], block.size, backwards=backwards))
            cell = (cell_left, top, cell_right, bottom)
            yield word, PlacedWord(runs=runs, cell=cell, left=left, right=right, right_to_left=backwards)


def _ink(
    block: _Block, line: Sequence[FacedWord], words: Sequence[FacedWord], x: float
) -> Iterator[tuple[float, float]]:
    """Left and right edge of each word, from left to right."""
    for number, word in enumerate(words):
        left = x + (gap_between(words[number - 1], word, line, block.size) if number else 0.0)
        x = left + word.width(block.size)
        yield left, x
