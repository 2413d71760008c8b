"""Burned-in captions: each drawn once or twice, then blended into the frames that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from services.renderer.pipeline.caption_layout import CaptionLayout, lay_out
from services.renderer.pipeline.caption_modes import FilledCaption, HighlightedCaption, PlainCaption
from services.renderer.pipeline.caption_pop import PoppingWords
from services.renderer.pipeline.caption_words import shown_words, timed_words
from services.renderer.pipeline.fonts import Face, own_face
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionMode, CaptionStyle, Cue, FrameSize, Rate


class DrawnCaption(Protocol):
    """One caption, drawn in the way of its mode."""

    @property
    def missing(self) -> frozenset[str]:
        """Characters that no font has."""

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Lay the caption, as it looks in this frame of the clip, over a frame."""


class Captions:
    """The captions of one clip, ready to be blended into its frames. Only the caption last shown is kept.

    Args:
        fonts: Where the font with a given SHA-256 lies; asked for the style's own font only.
    """

    def __init__(
        self,
        cues: Sequence[Cue],
        style: CaptionStyle,
        frame: FrameSize,
        rate: Rate,
        fonts: Mapping[str, Path],
    ) -> None:
        self._cues = [cue for cue in cues if cue.text.strip()] if style.burn_in else []
        self._style = style
        self._frame = frame
        self._rate = rate
        self._own = own_face(style.font, fonts) if self._cues else None
        self._shown: tuple[Cue, DrawnCaption] | None = None
        self.missing: set[str] = set()

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Draw what is to be seen in this frame of the clip, if anything, into its planes."""
        cue = next((cue for cue in self._cues if cue.start_frame <= frame_number < cue.end_frame), None)
        if cue is None:
            return
        if self._shown is None or self._shown[0] is not cue:
            drawn = _drawn(cue, self._style, self._frame, self._rate, self._own)
            self._shown = (cue, drawn)
            self.missing |= drawn.missing
        self._shown[1].blend(planes, frame_number)


def _drawn(cue: Cue, style: CaptionStyle, frame: FrameSize, rate: Rate, own: Face | None) -> DrawnCaption:
    if style.mode is CaptionMode.ONE_WORD:
        return PoppingWords(timed_words(cue), cue, style, frame, rate, own)
    if style.mode is CaptionMode.KARAOKE:
        timed = timed_words(cue)
        return FilledCaption(timed, lay_out(timed, style, frame, own), style)
    words = shown_words(cue)
    layout: CaptionLayout = lay_out(words, style, frame, own)
    if style.mode is CaptionMode.HIGHLIGHT:
        return HighlightedCaption(words, layout, style)
    return PlainCaption(layout, style)
