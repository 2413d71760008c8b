"""Captions that are seen as a whole: plain, with the spoken word highlighted, or filling with colour (karaoke).

Two pictures of a caption are drawn, one in each colour; every state of it is put together from parts of both.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.caption_layout import CaptionLayout, PlacedWord
from services.renderer.pipeline.caption_overlay import Overlay
from services.renderer.pipeline.caption_words import ShownWord, TimedWord
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionStyle


class PlainCaption:
    """A caption in one colour."""

    def __init__(self, layout: CaptionLayout, style: CaptionStyle, *colours: str) -> None:
        """Draw it in the text's colour, and in those of other states."""
        self._layout = layout
        canvases = Canvas.ground(layout, style).lettered(style.text_colour, *colours)
        self._plain, *self._others = (Overlay.of(canvas, layout.x, layout.y) for canvas in canvases)

    @property
    def missing(self) -> frozenset[str]:
        """Characters that no font has."""
        return self._layout.missing

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Lay the caption over a frame; one of which no character can be drawn leaves no empty box."""
        if any(self._layout.words):
            self._state(frame_number).blend(planes)

    def _state(self, frame_number: int) -> Overlay:  # noqa: ARG002  # other modes change with the frame
        return self._plain


class HighlightedCaption(PlainCaption):
    """A caption in which the word that is spoken has another colour."""

    def __init__(self, words: Sequence[ShownWord], layout: CaptionLayout, style: CaptionStyle) -> None:
        super().__init__(layout, style, style.highlight_colour)
        self._coloured = self._others[0]
        self._words = words
        self._states: dict[int | None, Overlay] = {None: self._plain}

    def _state(self, frame_number: int) -> Overlay:
        spoken = [n for n, word in enumerate(self._words) if word.is_spoken_at(frame_number)]
        number = spoken[-1] if spoken else None
        if number not in self._states:
            self._states[number] = self._with_word(number)
        return self._states[number]

    def _with_word(self, number: int | None) -> Overlay:
        placed = None if number is None else self._layout.words[number]
        if placed is None:
            return self._plain
        overlay = self._plain.copy()
        left, top, right, bottom = placed.cell
        overlay.take(self._coloured, (left, right), (top, bottom))
        return overlay


class FilledCaption(PlainCaption):
    """A caption that fills with colour as it is spoken, word for word in the direction of reading."""

    def __init__(self, words: Sequence[TimedWord], layout: CaptionLayout, style: CaptionStyle) -> None:
        super().__init__(layout, style, style.highlight_colour)
        self._coloured = self._others[0]
        self._words = words
        self._parts: tuple[float, ...] = (0.0,) * len(words)
        self._now = self._plain.copy()

    def _state(self, frame_number: int) -> Overlay:
        """The overlay of the frame before, with the words redrawn that changed since."""
        parts = tuple(word.part_spoken_at(frame_number) for word in self._words)
        for before, part, placed in zip(self._parts, parts, self._layout.words, strict=True):
            if part != before and placed is not None:
                self._fill(placed, part)
        self._parts = parts
        return self._now

    def _fill(self, placed: PlacedWord, part: float) -> None:
        left, top, right, bottom = placed.cell
        self._now.take(self._plain, (left, right), (top, bottom))
        if part > 0:
            self._now.take(self._coloured, _filled_columns(placed, part), (top, bottom))


def _filled_columns(placed: PlacedWord, part: float) -> tuple[float, float]:
    left, _, right, _ = placed.cell
    if part >= 1:
        return left, right
    width = placed.right - placed.left
    if placed.right_to_left:
        return max(left, placed.right - part * width), right
    return left, min(right, placed.left + part * width)
