"""Captions of one word at a time, each of which pops up large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.caption_layout import lay_out
from services.renderer.pipeline.caption_overlay import Overlay
from services.renderer.pipeline.caption_words import TimedWord, glances
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionStyle, Cue, FrameSize, Rate

_POP_MS = 130
"""How long a word takes to reach its size [ms]; a few frames, so that it is read at once."""

_FIRST_SCALE, _FIRST_OPACITY = 0.62, 0.5


class PoppingWords:
    """The words of one caption, each from its first frame to that of the next; only the one shown is kept."""

    def __init__(
        self,
        words: Sequence[TimedWord],
        cue: Cue,
        style: CaptionStyle,
        frame: FrameSize,
        rate: Rate,
        own: Face | None,
    ) -> None:
        self._words = glances(words)
        self._layouts = [lay_out([word], style, frame, own) for word in self._words]
        starts = [round(word.start) for word in self._words]
        self._spans = list(pairwise([min([cue.start_frame, *starts[:1]]), *starts[1:], cue.end_frame]))
        self._style = style
        self._pop_frames = max(1, round(rate.fraction * _POP_MS / 1000))
        self._drawn: tuple[int, dict[int, Overlay]] | None = None

    @property
    def missing(self) -> frozenset[str]:
        """Characters that no font has."""
        return frozenset(character for layout in self._layouts for character in layout.missing)

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Lay the word that is spoken over a frame."""
        shown = [n for n, (start, end) in enumerate(self._spans) if start <= frame_number < end]
        if shown and any(self._layouts[shown[-1]].words):
            self._overlay(shown[-1], frame_number - self._spans[shown[-1]][0]).blend(planes)

    def _overlay(self, number: int, age: int) -> Overlay:
        """A word at its age [frames]; it stays as it is when it has popped up."""
        if self._drawn is None or self._drawn[0] != number:
            self._drawn = (number, {self._pop_frames: self._at_rest(number)})
        states, step = self._drawn[1], min(age, self._pop_frames)
        if step not in states:
            states[step] = states[self._pop_frames].scaled(*_popped(step / self._pop_frames))
        return states[step]

    def _at_rest(self, number: int) -> Overlay:
        layout = self._layouts[number]
        [canvas] = Canvas.ground(layout, self._style).lettered(self._style.text_colour)
        return Overlay.of(canvas, layout.x, layout.y)


def _popped(part: float) -> tuple[float, float]:
    """Scale and opacity: fast at first, a little too large shortly before it rests."""
    rising = math.sin(part * math.pi / 2)
    overshoot = 0.06 * math.sin(part * math.pi)
    return _FIRST_SCALE + (1 - _FIRST_SCALE) * rising + overshoot, min(1.0, _FIRST_OPACITY + part)
