"""The open sea under a low sun, with sails or a lighthouse."""

from __future__ import annotations

from collections.abc import Sequence

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, curve, hill
from services.content.providers.offline.painting.sky import birds, clouds, stars, sunlight
from services.content.providers.offline.painting.water import glitter, ripples, wave_line

_DEEP, _HULL = hexed("#0b4f75"), hexed("#8c3b2e")


def paint_ocean(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Sky, sea in bands, a path of light, one sailing boat, an island in the haze."""
    horizon = canvas.height * float(chance.uniform(0.50, 0.58))
    sun = Light(
        x=canvas.width * float(chance.uniform(0.3, 0.7)),
        y=horizon - canvas.unit * float(chance.uniform(0.05, 0.20)),
        radius=canvas.unit * 0.085,
    )
    canvas.sky(palette.sky, bottom=horizon)
    if max(palette.sky[0]) < 0.4:
        stars(canvas, chance, bottom=horizon * 0.7, count=150)
    sunlight(canvas, palette, sun)
    clouds(canvas, palette, chance, top=horizon * 0.1, bottom=horizon * 0.75, count=5)
    _island(canvas, palette, chance, horizon)
    deep = mix(palette.sky[0], _DEEP, 0.45)
    canvas.sky(
        (
            mix(mix(palette.sky[1], deep, 0.3), palette.sky[-1], 0.25),
            mix(palette.sky[1], deep, 0.75),
            lighter(deep, -0.25),
        ),
        top=horizon,
    )
    glitter(canvas, chance, palette.sun, x=sun.x, top=horizon, bottom=canvas.height * 0.96, count=420)
    ripples(canvas, chance, palette.haze, top=horizon, bottom=canvas.height, count=150)
    boat_x = canvas.width * (0.30 if sun.x > canvas.width / 2 else 0.70)
    _boat(canvas, palette, boat_x, horizon + canvas.unit * 0.075, canvas.unit * float(chance.uniform(0.20, 0.27)))
    for step in range(3):
        row = canvas.height * (0.84 + 0.07 * step)
        tone = mix(mix(palette.sky[1], deep, 0.85), lighter(deep, -0.35), step / 2)
        wave_line(canvas, chance, row, canvas.unit * 0.016, (lighter(tone, 0.12), tone), 0.9)
    birds(canvas, chance, mix(palette.near, palette.shade, 0.5), x=canvas.width * 0.5, y=horizon * 0.5, count=6)


def _island(canvas: Canvas, palette: Palette, chance: Chance, horizon: float) -> None:
    for share, height in ((0.2, 0.07), (0.6, 0.04)):
        ridge = hill(
            chance,
            canvas.width,
            horizon + canvas.unit * 0.015,
            canvas.unit * height,
            horizon + 2,
            bumps=2.2,
            octaves=4,
        )
        colour = mix(palette.haze, palette.far, 0.4 + share)
        canvas.shaded(ridge, (colour, mix(colour, palette.haze, 0.5)))
    canvas.veil(palette.haze, (0, 0.5), top=horizon - canvas.unit * 0.05, bottom=horizon)


def _boat(canvas: Canvas, palette: Palette, x: float, y: float, size: float) -> None:
    """A small sailing boat and its reflection."""
    sail = lighter(palette.sun, 0.3)
    _reflection(canvas, x, y, size, sail)
    mast = [(-0.012, 0.0), (0.012, 0.0), (0.006, -1.02), (-0.006, -1.02)]
    canvas.shape(_at(mast, x, y, size), hexed("#4a2a20"))
    main = [(0.03, -0.08), *curve((0.03, -1.0), (0.36, -0.5), (0.46, -0.10), 14)]
    canvas.shaded(_at(main, x, y, size), (sail, mix(sail, palette.glow, 0.35)))
    jib = [(-0.03, -0.10), *curve((-0.03, -0.92), (-0.20, -0.42), (-0.36, -0.10), 14)]
    canvas.shaded(_at(jib, x, y, size), (mix(sail, palette.glow, 0.25), mix(sail, palette.glow, 0.6)))
    canvas.shape(_at([(-0.44, -0.05), (0.50, -0.05), (0.34, 0.07), (-0.32, 0.07)], x, y, size), _HULL)
    rail = [(-0.44, -0.05), (0.50, -0.05), (0.48, -0.025), (-0.42, -0.025)]
    canvas.shape(_at(rail, x, y, size), lighter(_HULL, 0.35))


def _reflection(canvas: Canvas, x: float, y: float, size: float, sail: Colour) -> None:
    """Bars that get shorter and fainter towards the viewer."""
    for step in range(5):
        wide, row = 0.42 - 0.06 * step, 0.05 + 0.075 * step
        bar = [(-wide, row), (wide, row), (wide * 0.9, row + 0.022), (-wide * 0.9, row + 0.022)]
        canvas.shape(_at(bar, x, y, size), sail, 0.20 - 0.03 * step)


def _at(points: Sequence[Point], x: float, y: float, size: float) -> list[Point]:
    return [(x + a * size, y + b * size) for a, b in points]
