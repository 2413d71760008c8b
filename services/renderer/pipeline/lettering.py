"""Letters as pictures: what captions, titles and lower thirds are written with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from services.renderer.pipeline.faced_words import PlacedRun, emoji_scale

Mask = NDArray[np.float32]
"""Shape (height, width), 0 where nothing is drawn to 1 where it covers."""

Place = tuple[float, float]
"""From the left and from the top [px]."""


def text_mask(
    runs: Iterable[PlacedRun],
    font_size: int,
    size: tuple[int, int],
    *,
    origin: Place = (0.0, 0.0),
    outline: float = 0.0,
) -> Mask:
    """Where letters cover a picture; emoji are left out.

    Args:
        size: Width and height of the picture [px].
        origin: Where on it the places of the runs count from.
        outline: How much wider than the letters [px].
    """
    image = Image.new("L", size)
    draw = ImageDraw.Draw(image)
    for placed in runs:
        if not placed.run.face.is_emoji:
            draw.text(
                (origin[0] + placed.x, origin[1] + placed.baseline),
                placed.run.text,
                fill=255,
                font=placed.run.face.at(font_size),
                anchor="ls",
                direction="rtl" if placed.right_to_left else "ltr",
                language=placed.run.language,
                stroke_width=outline,
            )
    return np.asarray(image, np.float32) / np.float32(255)


def emoji_layer(
    placed: PlacedRun, font_size: int, size: tuple[int, int], *, origin: Place = (0.0, 0.0)
) -> tuple[Mask, NDArray[np.float32]]:
    """Emoji drawn at the size they are stored in and made smaller: where they cover, and their colours
    (3, height, width); takes what :func:`text_mask` does."""
    font, scale = placed.run.face.at(font_size), emoji_scale(font_size)
    left, top, right, bottom = font.getbbox(placed.run.text, anchor="ls")
    picture = Image.new("RGBA", (round(right - left), round(bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), placed.run.text, font=font, anchor="ls", embedded_color=True)
    smaller = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    layer = Image.new("RGBA", size)
    place = (origin[0] + placed.x + left * scale, origin[1] + placed.baseline + top * scale)
    layer.paste(picture.resize(smaller, Image.Resampling.LANCZOS), (round(place[0]), round(place[1])))
    pixels = np.asarray(layer, np.float32)
    return pixels[..., 3] / np.float32(255), pixels[..., :3].transpose(2, 0, 1)


def rgb_of(colour: str) -> NDArray[np.float32]:
    """The three values of ``#RRGGBB``."""
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
