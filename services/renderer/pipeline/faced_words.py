"""Words split by face: measured in any size, and placed run by run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.renderer.pipeline.direction import runs_right_to_left
from services.renderer.pipeline.font_runs import Run, runs_of
from services.renderer.pipeline.fonts import Face

# In shares of the font size.
_SPACE = 0.27
_LEAST_SPACE = 0.15  # some fonts have a space without width
_EMOJI_HEIGHT = 1.1
_EMOJI_STRIKE_HEIGHT = 128


@dataclass(frozen=True, kw_only=True)
class PlacedRun:
    """Text of one face; ``x`` is its left edge in the picture, ``baseline`` the line it stands on [px]."""

    run: Run
    x: float
    baseline: float
    right_to_left: bool


def emoji_scale(size: int) -> float:
    """How much the emoji pictures are enlarged to stand in text of a font size [px]."""
    return size * _EMOJI_HEIGHT / _EMOJI_STRIKE_HEIGHT


class FacedWord:
    """What stands between two places where a line may end.

    Args:
        is_glued: No space parts it from the word before.
        own: Face of the author's own font.
        language: From :func:`han_language`.
    """

    def __init__(self, text: str, *, is_glued: bool, own: Face | None, language: str | None) -> None:
        self.text = text
        self.is_glued = is_glued
        self.right_to_left = runs_right_to_left(text)
        self.runs, self.missing = runs_of(text, own, language)
        self._spaced_by = own if own and own.has(" ") and any(run.face is own for run in self.runs) else None

    @property
    def direction(self) -> str:
        return "rtl" if self.right_to_left else "ltr"

    def gap(self, size: int) -> float:
        """Width of the space before it [px]."""
        return 0.0 if self.is_glued else self.space(size)

    def space(self, size: int) -> float:
        """Width of a space beside it [px]: as the author's own font has it where that draws the word."""
        if self._spaced_by is None:
            return size * _SPACE
        return max(self._spaced_by.at(size).getlength(" "), size * _LEAST_SPACE)

    def width(self, size: int) -> float:
        """[px]"""
        return sum(self.widths(size))

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

    def placed(self, x: float, baseline: float, size: int, *, backwards: bool) -> Iterator[PlacedRun]:
        """Its runs from a left edge on."""
        runs = list(zip(self.runs, self.widths(size), strict=True))
        for run, width in reversed(runs) if backwards else runs:
            yield PlacedRun(run=run, x=x, baseline=baseline, right_to_left=backwards)
            x += width

    def _run_width(self, run: Run, size: int) -> float:
        length = run.face.at(size).getlength(run.text, direction=self.direction, language=run.language)
        return length * emoji_scale(size) if run.face.is_emoji else length


def gap_between(one: FacedWord, other: FacedWord, line: Sequence[FacedWord], size: int) -> float:
    """Room between two words that stand side by side on a line, in whatever order they are read [px]."""
    first, second = sorted((line.index(one), line.index(other)))
    return 0.0 if second == first + 1 and line[second].is_glued else other.space(size)
