"""Sun, moon, stars and clouds."""

from __future__ import annotations

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, curve, oval, ribbon


def sunlight(canvas: Canvas, palette: Palette, sun: Light) -> None:
    """The disc and the light it spreads."""
    canvas.glow(Light(x=sun.x, y=sun.y, radius=canvas.unit * 1.0), palette.glow, 0.55, falloff=2.4)
    canvas.glow(Light(x=sun.x, y=sun.y, radius=sun.radius * 3.4), palette.sun, 0.55, falloff=2.0)
    canvas.disc(sun.x, sun.y, sun.radius, palette.sun, 0.95)


def clouds(canvas: Canvas, palette: Palette, chance: Chance, *, top: float, bottom: float, count: int) -> None:
    """Round heaps on a flat base, far ones small and low; lit above, melting into the sky below."""
    lit = lighter(palette.sky[-1], 0.6)
    for index, depth in enumerate(np.linspace(0.1, 1.0, count)):
        y = bottom - (bottom - top) * float(depth)
        length = canvas.unit * (0.14 + 0.36 * float(depth)) * float(chance.uniform(0.8, 1.15))
        y = max(y, length * 0.36)
        x = canvas.width * ((index * 0.618 + float(chance.uniform(0, 0.22))) % 1.0)
        body = mix(palette.sky[len(palette.sky) // 2], palette.sky[-1], 0.35)
        canvas.shaded_union(_heap(chance, x, y, length), (lit, mix(lit, body, 0.45), body), 0.85)


def _heap(chance: Chance, x: float, y: float, length: float) -> list[list[Point]]:
    puffs: list[list[Point]] = []
    for place in np.linspace(-0.40, 0.40, 7):
        size = length * (0.06 + 0.15 * float(np.cos(place * 2.9) ** 2) * float(chance.uniform(0.55, 1.15)))
        puffs.append(oval(x + float(place) * length, y - size * 0.75, size, size * 0.95))
    puffs.append(oval(x, y - length * 0.028, length * 0.52, length * 0.034))
    return puffs


def stars(canvas: Canvas, chance: Chance, *, bottom: float, count: int) -> None:
    """Points of light, a few of them large and soft."""
    for _ in range(count):
        x, y = float(chance.uniform(0, canvas.width)), bottom * float(chance.random()) ** 1.2
        size = canvas.unit * 0.0009 * float(chance.uniform(0.7, 1.2) + 2.2 * chance.random() ** 9)
        canvas.disc(x, y, size, (1.0, 1.0, 1.0), float(chance.uniform(0.35, 1.0)))
    for _ in range(max(count // 45, 1)):
        light = Light(
            x=float(chance.uniform(0, canvas.width)), y=bottom * float(chance.random()), radius=canvas.unit * 0.02
        )
        canvas.disc(light.x, light.y, canvas.unit * 0.0022, (1.0, 1.0, 1.0))
        canvas.glow(light, (0.75, 0.85, 1.0), 0.55)


def moon(canvas: Canvas, palette: Palette, disc: Light) -> None:
    """A full moon with a few soft seas."""
    canvas.glow(Light(x=disc.x, y=disc.y, radius=disc.radius * 7), palette.glow, 0.35)
    canvas.disc(disc.x, disc.y, disc.radius, palette.sun)
    sea = mix(palette.sun, palette.sky[-1], 0.28)
    for x, y, size in ((-0.3, -0.2, 0.3), (0.25, 0.1, 0.22), (-0.1, 0.4, 0.16), (0.35, -0.4, 0.12)):
        canvas.shape(
            oval(disc.x + x * disc.radius, disc.y + y * disc.radius, size * disc.radius, size * disc.radius * 0.9),
            sea,
            0.7,
        )


def birds(canvas: Canvas, chance: Chance, colour: Colour, *, x: float, y: float, count: int) -> None:
    """A loose flock, each bird two bent strokes."""
    for _ in range(count):
        px, py = x + canvas.unit * float(chance.normal(0, 0.16)), y + canvas.unit * float(chance.normal(0, 0.05))
        size = canvas.unit * float(chance.uniform(0.008, 0.017))
        for side in (-1, 1):
            wing = curve(
                (px, py), (px + side * size * 0.5, py - size * 0.75), (px + side * size, py - size * 0.15)
            )
            canvas.shape(ribbon(wing, [size * 0.16 * (1.1 - step / 16) for step in range(16)]), colour, 0.85)
