"""Mountain ranges one behind the other in the mist, with a lake or firs in front."""

from __future__ import annotations

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, hill, row_at
from services.content.providers.offline.painting.sky import birds, clouds, stars, sunlight
from services.content.providers.offline.painting.trees import conifer
from services.content.providers.offline.painting.water import mirror


def paint_mountains(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Five ranges from pale to dark; every second picture has a still lake."""
    has_lake = chance.random() < 0.5
    shore = canvas.height * (0.68 if has_lake else 0.80)
    sun = Light(
        x=canvas.width * float(chance.uniform(0.25, 0.75)),
        y=shore * float(chance.uniform(0.42, 0.62)),
        radius=canvas.unit * 0.065,
    )
    canvas.sky(palette.sky, bottom=shore)
    if max(palette.sky[0]) < 0.4:
        stars(canvas, chance, bottom=shore * 0.6, count=160)
    sunlight(canvas, palette, sun)
    clouds(canvas, palette, chance, top=shore * 0.06, bottom=shore * 0.5, count=3)
    birds(canvas, chance, palette.near, x=sun.x, y=sun.y - canvas.unit * 0.02, count=7)
    _ranges(canvas, palette, chance, shore)
    if has_lake:
        mirror(canvas, palette, chance, shore)
        _firs(canvas, palette, chance, canvas.height * 1.02, canvas.unit * 0.32, gap=0.5)
    else:
        valley = mix(palette.near, palette.haze, 0.45)
        canvas.sky((valley, mix(valley, palette.shade, 0.7)), top=shore)
        canvas.veil(palette.haze, (0, 0.5, 0), top=shore - canvas.unit * 0.05, bottom=shore + canvas.unit * 0.08)
        _firs(canvas, palette, chance, canvas.height * 0.99, canvas.unit * 0.26, gap=0.25)


def _ranges(canvas: Canvas, palette: Palette, chance: Chance, shore: float) -> None:
    count = 5
    for step in range(count):
        share = step / (count - 1)
        base = shore * (0.62 + 0.34 * share)
        height = canvas.unit * (0.26 - 0.15 * share)
        ridge = hill(
            chance, canvas.width, base, height, shore * 1.02, bumps=2.5 + 1.6 * step, octaves=5, roughness=0.46
        )
        colour = mix(mix(palette.haze, palette.far, 0.45), palette.near, share)
        canvas.shaded(ridge, (colour, mix(colour, palette.haze, 0.65 - 0.25 * share)))
        canvas.veil(palette.haze, (0, 0.30, 0.05), top=base - height * 0.2, bottom=base + height * 0.7)


def _firs(canvas: Canvas, palette: Palette, chance: Chance, foot: float, height: float, *, gap: float) -> None:
    """A dark edge of trees, left open in the middle."""
    ridge = hill(chance, canvas.width, foot - height * 0.05, height * 0.12, canvas.height * 1.1, bumps=3)
    for depth in (0.55, 1.0):
        colour = mix(palette.near, palette.shade, depth)
        for index in range(round(30 * canvas.width / canvas.unit)):
            x = canvas.width * float(chance.random())
            edge = abs(x / canvas.width - 0.5) * 2
            if edge < gap * depth:
                continue
            tall = height * float(chance.uniform(0.45, 0.9)) * (0.35 + 0.75 * edge) * (0.75 + 0.25 * depth)
            conifer(canvas, x, row_at(ridge, x) + height * 0.08 * (index % 3) * 0.4, tall, colour, chance)
    canvas.shaded(ridge, (mix(palette.near, palette.shade, 0.8), palette.shade))
