"""Burned-in captions: drawn once for each highlighted word, then blended into the frames that show them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.renderer.pipeline.caption_layout import CaptionLayout, PlacedRun, emoji_scale, lay_out
from services.renderer.pipeline.caption_words import shown_words
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Plane, Planes
from shared.contracts.timeline import CaptionStyle, Cue, FrameSize

# The box keeps text readable on any picture; the outline keeps its letters crisp on the box.
_BOX_OPACITY, _BOX_RADIUS, _BOX_COLOUR = 0.55, 0.28, (8.0, 8.0, 12.0)
_OUTLINE_WIDTH, _OUTLINE_COLOUR = 0.055, (0.0, 0.0, 0.0)
_SUPERSAMPLING = 4

Mask = NDArray[np.float32]
Colour = tuple[float, float, float]


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
    """One caption as premultiplied planes, one set for each state of its highlight."""

    def __init__(self, cue: Cue, style: CaptionStyle, frame: FrameSize) -> None:
        self.cue = cue
        self._words = shown_words(cue)
        self.layout = lay_out([word.text for word in self._words], style, frame)
        self._highlight = _colour(style.highlight_colour)
        self._base = _Canvas(self.layout, _colour(style.text_colour))
        self._overlays: dict[int | None, _Overlay] = {}

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Lay the caption over a frame; one of which no character can be drawn leaves no empty box."""
        if not any(self.layout.words):
            return
        spoken = [n for n, word in enumerate(self._words) if word.is_spoken_at(frame_number)]
        state = spoken[-1] if spoken else None
        if state not in self._overlays:
            self._overlays[state] = self._draw(state)
        self._overlays[state].blend(planes)

    def _draw(self, state: int | None) -> _Overlay:
        canvas = self._base
        if state is not None:
            canvas = canvas.with_text(self.layout.words[state], self._highlight)
        return _Overlay(canvas, self.layout)


class _Canvas:
    """A picture with opacity: RGB premultiplied in 0..255, alpha in 0..1, float32."""

    def __init__(self, layout: CaptionLayout, text_colour: Colour) -> None:
        self._layout = layout
        self.rgb = np.zeros((layout.height, layout.width, 3), np.float32)
        self.alpha = np.zeros((layout.height, layout.width), np.float32)
        runs = [run for word in layout.words for run in word]
        self._over(_box_mask(layout) * np.float32(_BOX_OPACITY), _BOX_COLOUR)
        self._over(self._text_mask(runs, max(1, round(layout.font_size * _OUTLINE_WIDTH))), _OUTLINE_COLOUR)
        self._over(self._text_mask(runs), text_colour)
        for run in runs:
            if run.run.face.is_emoji:
                self._paste_emoji(run)

    def with_text(self, runs: Sequence[PlacedRun], colour: Colour) -> _Canvas:
        """A copy with the outlines of some runs filled in another colour."""
        copy = object.__new__(_Canvas)
        copy._layout, copy.rgb, copy.alpha = self._layout, self.rgb.copy(), self.alpha.copy()
        copy._over(self._text_mask(runs), colour)
        return copy

    def _over(self, mask: Mask, colour: Colour) -> None:
        self.rgb += (np.array(colour, np.float32) - self.rgb) * mask[..., np.newaxis]
        self.alpha += (1 - self.alpha) * mask

    def _text_mask(self, runs: Sequence[PlacedRun], outline: int = 0) -> Mask:
        image = Image.new("L", (self._layout.width, self._layout.height))
        draw = ImageDraw.Draw(image)
        for placed in runs:
            if not placed.run.face.is_emoji:
                draw.text(
                    (placed.x, placed.baseline),
                    placed.run.text,
                    fill=255,
                    font=placed.run.face.at(self._layout.font_size),
                    anchor="ls",
                    direction="rtl" if placed.right_to_left else "ltr",
                    stroke_width=outline,
                )
        return np.asarray(image, np.float32) / np.float32(255)

    def _paste_emoji(self, placed: PlacedRun) -> None:
        """Draw the pictures at the size they are stored in, shrink them, and lay them over."""
        font, scale = placed.run.face.at(self._layout.font_size), emoji_scale(self._layout.font_size)
        left, top, right, bottom = font.getbbox(placed.run.text, anchor="ls")
        picture = Image.new("RGBA", (round(right - left), round(bottom - top)))
        ImageDraw.Draw(picture).text((-left, -top), placed.run.text, font=font, anchor="ls", embedded_color=True)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        layer = Image.new("RGBA", (self._layout.width, self._layout.height))
        layer.paste(
            picture.resize(size, Image.Resampling.LANCZOS),
            (round(placed.x + left * scale), round(placed.baseline + top * scale)),
        )
        pixels = np.asarray(layer, np.float32)
        mask = pixels[..., 3] / np.float32(255)
        self.rgb += (pixels[..., :3] - self.rgb) * mask[..., np.newaxis]
        self.alpha += (1 - self.alpha) * mask


class _Overlay:
    """A canvas in the form it is blended in: premultiplied planes and what remains of the picture below."""

    def __init__(self, canvas: _Canvas, layout: CaptionLayout) -> None:
        self._x, self._y = layout.x, layout.y
        yuv = canvas.rgb @ YUV_FROM_RGB.T.astype(np.float32)
        yuv += canvas.alpha[..., np.newaxis] * YUV_OFFSET.astype(np.float32)
        remains, chroma_remains = 255 * (1 - canvas.alpha), 255 * (1 - _halved(canvas.alpha))
        self._planes = (
            (_rounded(yuv[..., 0]), _rounded(remains), 1),
            (_rounded(_halved(yuv[..., 1])), _rounded(chroma_remains), 2),
            (_rounded(_halved(yuv[..., 2])), _rounded(chroma_remains), 2),
        )

    def blend(self, planes: Planes) -> None:
        for plane, (drawn, remains, divisor) in zip(planes, self._planes, strict=True):
            top, left = self._y // divisor, self._x // divisor
            below = plane[top : top + drawn.shape[0], left : left + drawn.shape[1]]
            cv2.multiply(below, remains, below, 1 / 255)
            cv2.add(below, drawn, below)


def _colour(text: str) -> Colour:
    return (float(int(text[1:3], 16)), float(int(text[3:5], 16)), float(int(text[5:7], 16)))


def _box_mask(layout: CaptionLayout) -> Mask:
    size = (layout.width * _SUPERSAMPLING, layout.height * _SUPERSAMPLING)
    image = Image.new("L", size)
    radius = layout.font_size * _BOX_RADIUS * _SUPERSAMPLING
    ImageDraw.Draw(image).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, fill=255)
    return np.asarray(image.reduce(_SUPERSAMPLING), np.float32) / np.float32(255)


def _halved(values: Mask) -> Mask:
    """Chroma resolution: on the left of each pair of columns, between each pair of rows (see ``planes``)."""
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    across = (padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4
    return np.asarray((across[::2] + across[1::2]) / 2)


def _rounded(values: NDArray[np.float32]) -> Plane:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
