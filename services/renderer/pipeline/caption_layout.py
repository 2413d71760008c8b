"""Where each word of a caption stands on the frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.renderer.pipeline.direction import runs_right_to_left, visual_order
from services.renderer.pipeline.font_runs import Run, runs_of
from services.renderer.pipeline.wrapping import balanced_lines, filled_lines
from shared.contracts.timeline import CaptionStyle, FrameSize

# EBU R 95: what lies outside the middle 90 % of the width may be covered; the box around the text stays inside.
_MOST_WIDTH_SHARE = 0.86
_MOST_LINES = 2
# A text too long for two lines gets smaller down to this share of its size, then gets more lines.
_SMALLEST_SHARE, _SHRINK = 0.55, 0.92
_SMALLEST_PIXELS = 8

# In shares of the font size. Ascent and descent hold Devanagari's and Arabic's marks, which reach further than
# Latin's; emoji pictures stand a little below the line.
_SPACE, _ASCENT, _DESCENT = 0.27, 1.02, 0.32
_PADDING_X, _PADDING_Y = 0.42, 0.14
_EMOJI_HEIGHT = 1.1
_EMOJI_STRIKE_HEIGHT = 128


@dataclass(frozen=True, kw_only=True)
class PlacedRun:
    """Text of one face; ``x`` is its left edge in the caption's box, ``baseline`` the line it stands on [px]."""

    run: Run
    x: float
    baseline: float
    right_to_left: bool


@dataclass(frozen=True, kw_only=True)
class CaptionLayout:
    """A caption's box on the frame [px, all even] and what stands in it.

    ``words`` has the runs of each word that was given; empty for a word that no font can draw, or that did not
    fit on the frame. ``missing`` are characters no font has.
    """

    x: int
    y: int
    width: int
    height: int
    font_size: int
    words: tuple[tuple[PlacedRun, ...], ...]
    missing: frozenset[str]


def lay_out(texts: Sequence[str], style: CaptionStyle, frame: FrameSize) -> CaptionLayout:
    """Place the words of one caption: in the middle, in at most two lines if that can be read."""
    words = [_Word(text) for text in texts]
    drawn = [word for word in words if word.runs]
    right_to_left = runs_right_to_left(" ".join(texts)) or False
    size, lines = _fitted(drawn, style, frame)
    box = _Box(drawn, lines, size, style, frame)
    placed = dict(_placed_words(drawn, lines, box, right_to_left))
    return CaptionLayout(
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        font_size=size,
        words=tuple(placed.get(word, ()) for word in words),
        missing=frozenset(character for word in words for character in word.missing),
    )


def emoji_scale(size: int) -> float:
    """How much the emoji pictures are enlarged to stand in text of a font size [px]."""
    return size * _EMOJI_HEIGHT / _EMOJI_STRIKE_HEIGHT


class _Word:
    """A word split by face; measured in any size."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.right_to_left = runs_right_to_left(text)
        self.runs, self.missing = runs_of(text)

    def widths(self, size: int) -> list[float]:
        """Width of each run [px]."""
        return [self._run_width(run, size) for run in self.runs]

    def _run_width(self, run: Run, size: int) -> float:
        length = run.face.at(size).getlength(run.text, direction="rtl" if self.right_to_left else "ltr")
        return length * emoji_scale(size) if run.face.is_emoji else length


def _fitted(words: Sequence[_Word], style: CaptionStyle, frame: FrameSize) -> tuple[int, list[range]]:
    """Largest font size, not above the style's, in which the words fill at most two lines; and those lines."""
    wanted = frame.height * style.size_permille / 1000
    size, most_width = max(_SMALLEST_PIXELS, round(wanted)), frame.width * _MOST_WIDTH_SHARE
    while True:
        widths = [sum(word.widths(size)) for word in words]
        lines = balanced_lines(widths, size * _SPACE, most_width, _MOST_LINES)
        if lines is not None:
            return size, lines
        if size <= max(_SMALLEST_PIXELS, wanted * _SMALLEST_SHARE):
            most_lines = max(1, int(frame.height * 0.9 / (size * (_ASCENT + _DESCENT))))
            return size, filled_lines(widths, size * _SPACE, most_width)[:most_lines]
        size = max(_SMALLEST_PIXELS, int(size * _SHRINK))


class _Box:
    """The dark box behind the lines: even edges, inside the frame, its lower edge where the style says."""

    def __init__(
        self,
        words: Sequence[_Word],
        lines: Sequence[range],
        size: int,
        style: CaptionStyle,
        frame: FrameSize,
    ) -> None:
        self.size = size
        self.line_widths = [
            sum(sum(words[n].widths(size)) for n in line) + size * _SPACE * (len(line) - 1) for line in lines
        ]
        line_height = size * (_ASCENT + _DESCENT)
        self.width = min(frame.width, _even(max(self.line_widths, default=0) + 2 * size * _PADDING_X))
        self.height = min(frame.height, _even(len(lines) * line_height + 2 * size * _PADDING_Y))
        self.x = (frame.width - self.width) // 4 * 2
        lower_edge = frame.height * style.baseline_permille / 1000 + size * _PADDING_Y
        self.y = min(max(0, _even(lower_edge - self.height)), frame.height - self.height)
        self.baselines = [
            size * _PADDING_Y + number * line_height + size * _ASCENT for number in range(len(lines))
        ]


def _even(length: float) -> int:
    return round(length / 2) * 2


def _placed_words(
    words: Sequence[_Word], lines: Sequence[range], box: _Box, right_to_left: bool
) -> Iterator[tuple[_Word, tuple[PlacedRun, ...]]]:
    for line, line_width, baseline in zip(lines, box.line_widths, box.baselines, strict=True):
        x = (box.width - line_width) / 2
        for number in visual_order([words[n].text for n in line], right_to_left=right_to_left):
            word = words[line[number]]
            yield word, tuple(_placed_runs(word, x, baseline, box.size, right_to_left))
            x += sum(word.widths(box.size)) + box.size * _SPACE


def _placed_runs(word: _Word, x: float, baseline: float, size: int, right_to_left: bool) -> Iterator[PlacedRun]:
    backwards = right_to_left if word.right_to_left is None else word.right_to_left
    runs = list(zip(word.runs, word.widths(size), strict=True))
    for run, width in reversed(runs) if backwards else runs:
        yield PlacedRun(run=run, x=x, baseline=baseline, right_to_left=backwards)
        x += width
