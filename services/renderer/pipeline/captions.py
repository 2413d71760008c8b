"""Burned-in captions: drawn once for each highlighted word, then blended into the frames that show them."""

from __future__ import annotations

from collections.abc import Sequence

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.caption_layout import lay_out
from services.renderer.pipeline.caption_overlay import Overlay
from services.renderer.pipeline.caption_words import shown_words
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionStyle, Cue, FrameSize


class Captions:
    """The captions of one clip, ready to be blended into its frames.

    Only the caption last shown is kept, as one picture for each word that was highlighted.
    """

    def __init__(self, cues: Sequence[Cue], style: CaptionStyle, frame: FrameSize) -> None:
        self._cues = cues if style.burn_in else ()
        self._style = style
        self._frame = frame
        self._drawn: _DrawnCaption | None = None
        self.missing: set[str] = set()

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Draw what is to be seen in this frame of the clip, if anything, into its planes."""
        cue = next((cue for cue in self._cues if cue.start_frame <= frame_number < cue.end_frame), None)
        if cue is None or not cue.text.strip():
            return
        if self._drawn is None or self._drawn.cue is not cue:
            self._drawn = _DrawnCaption(cue, self._style, self._frame)
            self.missing |= self._drawn.layout.missing
        self._drawn.blend(planes, frame_number)


class _DrawnCaption:
    """One caption as premultiplied planes, one set for each state of its highlight that was seen."""

    def __init__(self, cue: Cue, style: CaptionStyle, frame: FrameSize) -> None:
        self.cue = cue
        self._words = shown_words(cue)
        self.layout = lay_out([word.text for word in self._words], style, frame)
        self._highlight = style.highlight_colour
        self._plain = Canvas(self.layout)
        self._plain.draw_all(style.text_colour)
        self._base = Overlay.of(self._plain, self.layout.x, self.layout.y)
        self._overlays: dict[int | None, Overlay] = {}

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Lay the caption over a frame; one of which no character can be drawn leaves no empty box."""
        if not any(self.layout.words):
            return
        spoken = [n for n, word in enumerate(self._words) if word.is_spoken_at(frame_number)]
        state = spoken[-1] if spoken else None
        if state not in self._overlays:
            self._overlays[state] = self._draw(state)
        self._overlays[state].blend(planes)

    def _draw(self, state: int | None) -> Overlay:
        """The caption with one word highlighted; all else is taken from the one without a highlight."""
        canvas = self._plain.copy()
        box = None if state is None else canvas.fill(self.layout.words[state], self._highlight)
        return self._base if box is None else self._base.redrawn(canvas, box)
