"""Water: mirrors, glitter, waves."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.colour import Colour, ink, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, oval, wander


def mirror(canvas: Canvas, palette: Palette, chance: Chance, shore: float, *, depth: float = 0.45) -> None:
    """Fill the picture below row ``shore`` with the reflection of what stands above it."""
    row = round(shore)
    tall = canvas.height - row
    above = canvas.image.crop((0, max(row - round(tall * 1.6), 0), canvas.width, row))
    small = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((canvas.width // 4, max(tall // 4, 1)))
    rippled = _rippled(small.filter(ImageFilter.GaussianBlur(2.2)), chance)
    canvas.image.paste(rippled.resize((canvas.width, tall), Image.Resampling.BILINEAR), (0, row))
    canvas.veil(palette.near, (0.12, depth), top=row, bottom=canvas.height)
    ripples(canvas, chance, palette.haze, top=row, bottom=canvas.height, count=90)
    canvas.veil(palette.haze, (0, 0.55, 0), top=row - canvas.unit * 0.035, bottom=row + canvas.unit * 0.03)


def _rippled(picture: Image.Image, chance: Chance) -> Image.Image:
    """Each row shifted sideways a little, more towards the viewer."""
    pixels = np.asarray(picture)
    height = pixels.shape[0]
    shifts = wander(chance, height, bumps=height / 7, octaves=2) * np.linspace(0.5, 7, height)
    return Image.fromarray(
        np.stack([np.roll(row, round(shift), axis=0) for row, shift in zip(pixels, shifts, strict=True)])
    )


def ripples(canvas: Canvas, chance: Chance, colour: Colour, *, top: float, bottom: float, count: int) -> None:
    """Thin bright streaks, longer near the viewer."""
    for _ in range(count):
        depth = float(chance.random()) ** 1.4
        x, y = float(chance.random()) * canvas.width, top + (bottom - top) * depth
        length = canvas.unit * (0.015 + 0.10 * depth) * float(chance.uniform(0.4, 1.0))
        canvas.shape(
            oval(x, y, length, canvas.unit * (0.0006 + 0.0018 * depth), count=16),
            colour,
            float(chance.uniform(0.12, 0.4)),
        )


def glitter(
    canvas: Canvas, chance: Chance, colour: Colour, *, x: float, top: float, bottom: float, count: int
) -> None:
    """The path of light under a low sun."""
    for depth in np.sort(chance.random(count)):
        y = top + (bottom - top) * float(depth)
        spread = canvas.unit * (0.03 + 0.20 * float(depth))
        px = x + float(chance.normal(0, 1)) * spread * 0.55
        length = canvas.unit * (0.006 + 0.040 * float(depth)) * float(chance.uniform(0.4, 1.0))
        near = 1 - min(abs(px - x) / (spread * 1.6), 1)
        canvas.shape(oval(px, y, length, length * 0.10 + 1.5, count=14), colour, 0.25 + 0.6 * near)


def wave_line(
    canvas: Canvas, chance: Chance, row: float, height: float, colours: tuple[Colour, Colour], opacity: float = 1.0
) -> None:
    """One band of sea with a softly waving crest, filled to the lower edge."""
    count = 200
    xs = np.linspace(-2, canvas.width + 2, count)
    ys = row - height * wander(chance, count, bumps=9, octaves=2)
    points = [*zip(xs.tolist(), ys.tolist(), strict=True), (canvas.width + 2, canvas.height), (-2, canvas.height)]
    canvas.shaded(points, colours, opacity, reach=canvas.unit * 0.25)
    crest = [*zip(xs.tolist(), ys.tolist(), strict=True)]
    canvas.pen.line(
        crest, fill=ink(mix(colours[0], (1.0, 1.0, 1.0), 0.5), 0.55), width=max(round(canvas.unit * 0.0018), 2)
    )
