"""Flowers close up before a garden out of focus."""

from __future__ import annotations

import math

from services.content.providers.offline.painting.bee import bee, trail
from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, lighter, mix
from services.content.providers.offline.painting.flora import coneflower, cosmos, daisy, flower, poppy
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, blade, curve, petal


def paint_blossom(canvas: Canvas, palette: Palette, chance: Chance, *, bees: int = 1) -> None:
    """One large blossom a little off the middle, smaller ones around it, and a bee about to land."""
    far, middle, near = palette.meadow
    canvas.sky((lighter(palette.sky[-1], 0.15), mix(palette.sky[-1], far, 0.7), middle, mix(middle, near, 0.85)))
    _soft_garden(canvas, palette, chance)
    bokeh(canvas, chance, (*palette.accents, palette.sun), count=26, low=0.10, high=0.42)
    side = 1 if chance.random() < 0.5 else -1
    hero = (canvas.width * (0.5 + side * 0.13), canvas.height * (0.50 if canvas.is_tall else 0.47))
    radius = canvas.unit * (0.25 if canvas.is_tall else 0.27)
    _companions(canvas, palette, chance, side)
    colour = _hero_colour(palette, chance)
    kind = (daisy, cosmos, poppy, coneflower)[int(chance.integers(4))]
    foot = (hero[0] - side * canvas.unit * 0.10, canvas.height * 1.05)
    flower(canvas, foot, hero, radius, kind, colour, mix(middle, near, 0.6), chance)
    _leaves(canvas, palette, chance)
    canvas.glow(Light(x=canvas.width * (0.5 - side * 0.35), y=0, radius=canvas.unit * 1.2), palette.glow, 0.45)
    for number in range(bees):
        _visitor(canvas, palette, chance, hero, radius, -side if number == 0 else side)


def _hero_colour(palette: Palette, chance: Chance) -> Colour:
    return palette.accents[int(chance.integers(len(palette.accents)))]


def _soft_garden(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Stems and blossoms far behind the plane of focus."""
    _, middle, near = palette.meadow
    layer = canvas.layer()
    for _ in range(30):
        x = float(chance.uniform(-0.05, 1.05)) * canvas.width
        tall = canvas.height * float(chance.uniform(0.2, 0.7))
        layer.shape(
            blade(x, canvas.height, tall, canvas.unit * 0.05, canvas.unit * float(chance.normal(0, 0.1))),
            mix(middle, near, float(chance.random())),
        )
    for _ in range(16):
        x, y = float(chance.uniform(0, 1)) * canvas.width, canvas.height * float(chance.uniform(0.35, 0.95))
        colour = palette.accents[int(chance.integers(len(palette.accents)))]
        layer.disc(x, y, canvas.unit * float(chance.uniform(0.03, 0.075)), mix(colour, middle, 0.25))
    layer.lay(canvas.unit * 0.022, 0.85)


def bokeh(
    canvas: Canvas, chance: Chance, colours: tuple[Colour, ...], *, count: int, low: float, high: float
) -> None:
    """Round spots of light out of focus; opacity from ``low`` to ``high``."""
    layer = canvas.layer()
    for _ in range(count):
        x, y = float(chance.uniform(0, canvas.width)), canvas.height * float(chance.random())
        radius = canvas.unit * float(chance.uniform(0.010, 0.048))
        colour = lighter(colours[int(chance.integers(len(colours)))], 0.35)
        layer.disc(x, y, radius, colour, float(chance.uniform(low, high)))
    layer.lay(canvas.unit * 0.0025)


def _companions(canvas: Canvas, palette: Palette, chance: Chance, side: int) -> None:
    _, middle, near = palette.meadow
    for place, height, size in (
        (-0.30, 0.70, 0.12),
        (-0.44, 0.52, 0.085),
        (0.34, 0.74, 0.10),
        (0.47, 0.60, 0.075),
    ):
        x, y = canvas.width * (0.5 + side * place), canvas.height * height
        kind = (daisy, cosmos, poppy, coneflower)[int(chance.integers(4))]
        foot = (x + canvas.unit * float(chance.normal(0, 0.05)), canvas.height * 1.05)
        radius = canvas.unit * size * float(chance.uniform(0.85, 1.15))
        flower(canvas, foot, (x, y), radius, kind, _hero_colour(palette, chance), mix(middle, near, 0.8), chance)


def _leaves(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Large leaves at the lower edge, the nearest ones out of focus."""
    _, middle, near = palette.meadow
    for _ in range(9):
        x = float(chance.uniform(-0.05, 1.05)) * canvas.width
        angle = -math.pi / 2 + float(chance.normal(0, 0.55))
        length = canvas.unit * float(chance.uniform(0.16, 0.30))
        tone = mix(middle, near, float(chance.uniform(0.5, 1.0)))
        canvas.shape(
            petal(x, canvas.height * 1.03, angle, length, length * 0.34, fullness=0.5), lighter(tone, -0.06)
        )
        canvas.shape(
            petal(x, canvas.height * 1.03, angle, length * 0.95, length * 0.14, fullness=0.5), lighter(tone, 0.12)
        )
    layer = canvas.layer()
    for x in (-0.03, 0.06, 0.97, 1.04):
        angle = -math.pi / 2 + (0.5 - x) * 0.9
        length = canvas.unit * float(chance.uniform(0.26, 0.40))
        layer.shape(
            petal(x * canvas.width, canvas.height * 1.08, angle, length, length * 0.42, fullness=0.5),
            palette.shade,
        )
    layer.lay(canvas.unit * 0.014, 0.8)


def _visitor(
    canvas: Canvas, palette: Palette, chance: Chance, hero: tuple[float, float], radius: float, side: int
) -> None:
    reach = radius * float(chance.uniform(1.15, 1.35))
    x, y = hero[0] + side * reach, hero[1] - radius * float(chance.uniform(0.65, 1.0))
    size = canvas.unit * 0.20
    start = (x + side * canvas.unit * 0.6, y - canvas.unit * float(chance.uniform(-0.10, 0.20)))
    bend = (x + side * canvas.unit * 0.30, y - canvas.unit * 0.22)
    trail(canvas, curve(start, bend, (x, y), 40), lighter(palette.sun, 0.3), size * 0.026)
    bee(canvas, x, y, size, -math.radians(float(chance.uniform(4, 16))), faces_left=side > 0)
