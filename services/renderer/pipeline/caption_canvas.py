"""The picture of a caption with its opacity, before it becomes planes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.renderer.pipeline.caption_layout import CaptionLayout, PlacedRun, emoji_scale
from shared.contracts.timeline import CaptionStyle

Mask = NDArray[np.float32]
"""Shape (height, width), 0 where nothing is drawn to 1 where it covers."""

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
            canvas._cover(canvas._box_mask() * opacity, _rgb(style.box_colour))
        outlined = canvas._text_mask(layout.outline)
        if not style.box_opacity_permille:
            canvas._cover(canvas._shadow_mask(outlined), _rgb("#000000"))
        if layout.outline:
            canvas._cover(outlined, _rgb(style.outline_colour))
        return canvas

    def lettered(self, *colours: str) -> list[Canvas]:
        """The same with its letters in each of some colours, as ``#RRGGBB``; emoji have their own."""
        letters = self._text_mask()
        return [self._with_letters(letters, colour) for colour in colours]

    def _with_letters(self, letters: Mask, colour: str) -> Canvas:
        twin = Canvas(self._layout)
        twin.rgb[:], twin.alpha[:] = self.rgb, self.alpha
        twin._cover(letters, _rgb(colour))
        for run in self._runs():
            if run.run.face.is_emoji:
                twin._draw_emoji(run)
        return twin

    def _runs(self) -> list[PlacedRun]:
        return [run for word in self._layout.words if word for run in word.runs]

    def _cover(self, mask: Mask, colour: NDArray[np.float32]) -> None:
        """Lay a colour, or a picture of straight colours, over what is there."""
        for plane, value in zip(self.rgb, colour, strict=True):
            plane += (value - plane) * mask
        self.alpha += (1 - self.alpha) * mask

    def _text_mask(self, outline: float = 0.0) -> Mask:
        image = Image.new("L", (self._layout.width, self._layout.height))
        draw = ImageDraw.Draw(image)
        for placed in self._runs():
            if not placed.run.face.is_emoji:
                draw.text(
                    (placed.x, placed.baseline),
                    placed.run.text,
                    fill=255,
                    font=placed.run.face.at(self._layout.font_size),
                    anchor="ls",
                    direction="rtl" if placed.right_to_left else "ltr",
                    language=placed.run.language,
                    stroke_width=outline,
                )
        return np.asarray(image, np.float32) / np.float32(255)

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

    def _draw_emoji(self, placed: PlacedRun) -> None:
        """Draw the pictures at the size they are stored in, shrink them, and lay them over."""
        font, scale = placed.run.face.at(self._layout.font_size), emoji_scale(self._layout.font_size)
        left, top, right, bottom = font.getbbox(placed.run.text, anchor="ls")
        picture = Image.new("RGBA", (round(right - left), round(bottom - top)))
        ImageDraw.Draw(picture).text((-left, -top), placed.run.text, font=font, anchor="ls", embedded_color=True)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        layer = Image.new("RGBA", (self._layout.width, self._layout.height))
        place = (round(placed.x + left * scale), round(placed.baseline + top * scale))
        layer.paste(picture.resize(size, Image.Resampling.LANCZOS), place)
        pixels = np.asarray(layer, np.float32)
        self._cover(pixels[..., 3] / np.float32(255), pixels[..., :3].transpose(2, 0, 1))


def _rgb(colour: str) -> NDArray[np.float32]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
