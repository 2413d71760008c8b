"""The picture of a caption with its opacity, before it becomes planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.renderer.pipeline.caption_layout import CaptionLayout, PlacedRun, emoji_scale

Mask = NDArray[np.float32]
"""Shape (height, width), 0 where nothing is drawn to 1 where it covers."""

Box = tuple[int, int, int, int]
"""Left and top edge, right and bottom edge (exclusive) of a rectangle in a canvas [px]."""

# The box keeps text readable on any picture; the outline keeps its letters crisp on the box.
_BOX_OPACITY, _BOX_RADIUS, _BOX_COLOUR = 0.55, 0.28, "#08080C"
_OUTLINE_WIDTH, _OUTLINE_COLOUR = 0.055, "#000000"
_SUPERSAMPLING = 4


class Canvas:
    """A picture of a caption's box: ``rgb`` premultiplied in 0..255, ``alpha`` in 0..1, both float32."""

    def __init__(self, layout: CaptionLayout) -> None:
        self._layout = layout
        self.rgb = np.zeros((layout.height, layout.width, 3), np.float32)
        self.alpha = np.zeros((layout.height, layout.width), np.float32)

    def copy(self) -> Canvas:
        """The same picture, to draw on apart."""
        twin = Canvas(self._layout)
        twin.rgb[:], twin.alpha[:] = self.rgb, self.alpha
        return twin

    def draw_all(self, colour: str) -> None:
        """Draw the box and all text, outlined; emoji have their own colours."""
        runs = [run for word in self._layout.words for run in word]
        outline = max(1, round(self._layout.font_size * _OUTLINE_WIDTH))
        self._cover(self._box_mask() * np.float32(_BOX_OPACITY), _rgb(_BOX_COLOUR))
        self.fill(runs, _OUTLINE_COLOUR, outline)
        self.fill(runs, colour)
        for run in runs:
            if run.run.face.is_emoji:
                self._draw_emoji(run)

    def fill(self, runs: Sequence[PlacedRun], colour: str, outline: int = 0) -> Box | None:
        """Draw text, as ``#RRGGBB``; gives the rectangle that it touched, None when there was nothing to draw."""
        image = self._text_image(runs, outline)
        box = image.getbbox()
        if box is not None:
            self._cover(np.asarray(image.crop(box), np.float32) / np.float32(255), _rgb(colour), box)
        return box

    def _cover(self, mask: Mask, colour: NDArray[np.float32], box: Box | None = None) -> None:
        """Lay a colour, or a picture of straight colours, over what is there, or over a part of it."""
        left, top, right, bottom = box or (0, 0, self._layout.width, self._layout.height)
        rgb, alpha = self.rgb[top:bottom, left:right], self.alpha[top:bottom, left:right]
        rgb += (colour - rgb) * mask[..., np.newaxis]
        alpha += (1 - alpha) * mask

    def _text_image(self, runs: Sequence[PlacedRun], outline: int) -> Image.Image:
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
        return image

    def _box_mask(self) -> Mask:
        size = (self._layout.width * _SUPERSAMPLING, self._layout.height * _SUPERSAMPLING)
        image = Image.new("L", size)
        radius = self._layout.font_size * _BOX_RADIUS * _SUPERSAMPLING
        ImageDraw.Draw(image).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, fill=255)
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
        self._cover(pixels[..., 3] / np.float32(255), pixels[..., :3])


def _rgb(colour: str) -> NDArray[np.float32]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
