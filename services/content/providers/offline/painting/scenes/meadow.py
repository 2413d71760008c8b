"""A flower meadow under a wide sky, with bees."""

from __future__ import annotations

import math

from services.content.providers.offline.painting.bee import bee, trail
from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import lighter, mix
from services.content.providers.offline.painting.flora import BLOSSOMS, Ground, flower, grass, turf
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, curve, hill, row_at
from services.content.providers.offline.painting.sky import clouds, sunlight
from services.content.providers.offline.painting.trees import conifer, leafy


def paint_meadow(canvas: Canvas, palette: Palette, chance: Chance, *, bees: int = 2) -> None:
    """Hills, a field of blossoms, a few large flowers in front, and bees on their way."""
    horizon = canvas.height * float(chance.uniform(0.44, 0.52))
    sun = Light(
        x=canvas.width * float(chance.uniform(0.2, 0.8)),
        y=horizon * float(chance.uniform(0.45, 0.85)),
        radius=canvas.unit * 0.07,
    )
    canvas.sky(palette.sky, bottom=horizon * 1.1)
    sunlight(canvas, palette, sun)
    clouds(canvas, palette, chance, top=horizon * 0.08, bottom=horizon * 0.62, count=5)
    _hills(canvas, palette, chance, horizon)
    _field(canvas, palette, chance, horizon)
    canvas.glow(Light(x=sun.x, y=horizon, radius=canvas.unit * 1.1), palette.glow, 0.35)
    _foreground(canvas, palette, chance)
    _bees(canvas, palette, chance, bees)


def _hills(canvas: Canvas, palette: Palette, chance: Chance, horizon: float) -> None:
    for step, share in enumerate((0.15, 0.45, 0.8)):
        height = canvas.unit * (0.10 - 0.02 * step)
        ridge = hill(
            chance,
            canvas.width,
            horizon - height * (0.7 - 0.25 * step),
            height,
            horizon * 1.15,
            bumps=3 + step,
            octaves=3,
        )
        colour = mix(palette.far, palette.near, share)
        canvas.shaded(ridge, (colour, mix(colour, palette.haze, 0.55)))
        if step == 1:
            _far_trees(canvas, palette, chance, ridge)
    canvas.veil(palette.haze, (0, 0.45, 0.1), top=horizon * 0.86, bottom=horizon * 1.12)


def _far_trees(canvas: Canvas, palette: Palette, chance: Chance, ridge: list[tuple[float, float]]) -> None:
    colour = mix(palette.near, palette.haze, 0.25)
    for _ in range(16):
        x = float(chance.uniform(0, canvas.width))
        size = canvas.unit * float(chance.uniform(0.022, 0.050))
        plant = conifer if chance.random() < 0.4 else leafy
        plant(canvas, x, row_at(ridge, x) + size * 0.06, size, colour, chance)


def _field(canvas: Canvas, palette: Palette, chance: Chance, horizon: float) -> None:
    far, middle, near = palette.meadow
    for place, upper, lower in (
        (0.0, far, middle),
        (0.10, mix(far, middle, 0.5), middle),
        (0.30, middle, mix(middle, near, 0.6)),
    ):
        base = horizon + (canvas.height - horizon) * place
        ridge = hill(chance, canvas.width, base, canvas.unit * 0.03, canvas.height, bumps=2.2, octaves=2)
        canvas.shaded(ridge, (lighter(upper, 0.08), lower), reach=canvas.unit * 0.45)
    ground = Ground(top=horizon + canvas.unit * 0.045, bottom=canvas.height * 1.02)
    colours = (lighter(mix(far, middle, 0.6), -0.04), mix(middle, near, 0.75), *palette.accents)
    turf(
        canvas,
        chance,
        ground,
        count=round(1_100 * canvas.width / canvas.unit),
        size=canvas.unit * 0.030,
        colours=colours,
    )


def _foreground(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Large flowers between two rows of grass, taller towards the sides."""
    _, middle, near = palette.meadow
    bottom = canvas.height * 1.02
    greens = (mix(middle, near, 0.5), near)
    grass(canvas, chance, width=canvas.width, base=bottom, height=canvas.unit * 0.30, count=260, colours=greens)
    count = max(7, round(9 * canvas.width / canvas.unit))
    for index in range(count):
        x = canvas.width * (index + float(chance.uniform(0.15, 0.85))) / count
        _large_flower(canvas, palette, chance, x, bottom)
    dark = (near, palette.shade)
    grass(canvas, chance, width=canvas.width, base=bottom, height=canvas.unit * 0.16, count=200, colours=dark)


def _large_flower(canvas: Canvas, palette: Palette, chance: Chance, x: float, bottom: float) -> None:
    _, middle, near = palette.meadow
    edge = abs(x / canvas.width - 0.5) * 2
    tall = canvas.unit * (0.16 + 0.26 * edge * float(chance.uniform(0.5, 1.1)) + float(chance.uniform(0, 0.10)))
    radius = canvas.unit * float(chance.uniform(0.035, 0.062))
    head = (x + canvas.unit * float(chance.normal(0, 0.03)), bottom - tall)
    kind = BLOSSOMS[int(chance.integers(len(BLOSSOMS)))]
    colour = palette.accents[int(chance.integers(len(palette.accents)))]
    green = mix(middle, near, float(chance.uniform(0.3, 0.9)))
    flower(canvas, (x, bottom), head, radius, kind, colour, green, chance)


def _bees(canvas: Canvas, palette: Palette, chance: Chance, count: int) -> None:
    """The first bee is near and large; the next ones, on the other side, far and small."""
    first = 1 if chance.random() < 0.5 else -1
    for index in range(count):
        side = first if index % 2 == 0 else -first
        x = canvas.width * (0.5 + side * float(chance.uniform(0.10, 0.22) + 0.06 * index))
        y = canvas.height * (0.50 - 0.05 * index) + canvas.unit * float(chance.uniform(-0.05, 0.05))
        size = canvas.unit * (0.155 if index == 0 else float(chance.uniform(0.065, 0.085)))
        start = (x + side * canvas.unit * 0.60, y - canvas.unit * float(chance.uniform(0.0, 0.25)))
        bend = (x + side * canvas.unit * 0.28, y + canvas.unit * 0.22)
        trail(canvas, curve(start, bend, (x, y), 40), lighter(palette.sun, 0.2), size * 0.030)
        bee(canvas, x, y, size, math.radians(float(chance.uniform(2, 16))), faces_left=side > 0)
