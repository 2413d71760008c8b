"""The picture of a caption with its opacity, before it becomes planes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.renderer.pipeline.caption_layout import CaptionLayout
from services.renderer.pipeline.faced_words import PlacedRun
from services.renderer.pipeline.lettering import Mask, emoji_layer, rgb_of, text_mask
from shared.contracts.timeline import CaptionStyle

# In shares of the font size. Text without a box keeps readable on any picture by a soft shadow.
_BOX_RADIUS = 0.3
_SHADOW_BLUR, _SHADOW_DROP, _SHADOW_STRENGTH, _SHADOW_OPACITY = 0.075, 0.035, 1.9, 0.8
_SUPERSAMPLING = 4


class Canvas:
    """A picture of a caption, float32: ``rgb`` (3, height, width) premultiplied in 0..255, ``alpha`` in 0..1."""

    def __init__(self, layout: CaptionLayout) -> None:
        self._layout = layout
        self.rgb = np.zeros((3, layout.height, layout.width), np.float32)
        self.alpha = np.zeros((layout.height, layout.width), np.float32)

    @classmethod
    def ground(cls, layout: CaptionLayout, style: CaptionStyle) -> Canvas:
        """All of a caption but its letters: box, or shadow, and outline."""
        canvas = cls(layout)
        if style.box_opacity_permille:
            opacity = np.float32(style.box_opacity_permille / 1000)
            canvas._cover(canvas._box_mask() * opacity, rgb_of(style.box_colour))
        outlined = canvas._text_mask(layout.outline)
        if not style.box_opacity_permille:
            canvas._cover(canvas._shadow_mask(outlined), rgb_of("#000000"))
        if layout.outline:
            canvas._cover(outlined, rgb_of(style.outline_colour))
        return canvas

    def lettered(self, *colours: str) -> list[Canvas]:
        """The same with its letters in each of some colours, as ``#RRGGBB``; emoji have their own."""
        letters = self._text_mask()
        return [self._with_letters(letters, colour) for colour in colours]

    def _with_letters(self, letters: Mask, colour: str) -> Canvas:
        twin = Canvas(self._layout)
        twin.rgb[:], twin.alpha[:] = self.rgb, self.alpha
        twin._cover(letters, rgb_of(colour))
        for run in self._runs():
            if run.run.face.is_emoji:
                size = (self._layout.width, self._layout.height)
                twin._cover(*emoji_layer(run, self._layout.font_size, size))
        return twin

    def _runs(self) -> list[PlacedRun]:
        return [run for word in self._layout.words if word for run in word.runs]

    def _cover(self, mask: Mask, colour: NDArray[np.float32]) -> None:
        """Lay a colour, or a picture of straight colours, over what is there."""
        for plane, value in zip(self.rgb, colour, strict=True):
            plane += (value - plane) * mask
        self.alpha += (1 - self.alpha) * mask

    def _text_mask(self, outline: float = 0.0) -> Mask:
        size = (self._layout.width, self._layout.height)
        return text_mask(self._runs(), self._layout.font_size, size, outline=outline)

    def _shadow_mask(self, letters: Mask) -> Mask:
        size = self._layout.font_size
        lower = np.roll(letters, max(1, round(size * _SHADOW_DROP)), axis=0)
        soft = cv2.GaussianBlur(lower, (0, 0), max(0.8, size * _SHADOW_BLUR))
        return np.asarray(np.minimum(soft * np.float32(_SHADOW_STRENGTH), np.float32(_SHADOW_OPACITY)))

    def _box_mask(self) -> Mask:
        left, top, right, bottom = (edge * _SUPERSAMPLING for edge in self._layout.box)
        image = Image.new("L", (self._layout.width * _SUPERSAMPLING, self._layout.height * _SUPERSAMPLING))
        radius = self._layout.font_size * _BOX_RADIUS * _SUPERSAMPLING
        ImageDraw.Draw(image).rounded_rectangle((left, top, right - 1, bottom - 1), radius, fill=255)
        return np.asarray(image.reduce(_SUPERSAMPLING), np.float32) / np.float32(255)
