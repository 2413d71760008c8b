"""Sun, moon, stars and clouds."""

from __future__ import annotations

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, oval, wander


def sunlight(canvas: Canvas, palette: Palette, sun: Light) -> None:
    """The disc and the light it spreads."""
    canvas.glow(Light(x=sun.x, y=sun.y, radius=canvas.unit * 1.0), palette.glow, 0.55, falloff=2.4)
    canvas.glow(Light(x=sun.x, y=sun.y, radius=sun.radius * 3.4), palette.sun, 0.55, falloff=2.0)
    canvas.disc(sun.x, sun.y, sun.radius, palette.sun, 0.95)


def clouds(canvas: Canvas, palette: Palette, chance: Chance, *, top: float, bottom: float, count: int) -> None:
    """Flat-bottomed heaps, far ones small; lit above, hazy below."""
    lit, shaded = lighter(palette.sky[-1], 0.55), mix(palette.sky[-1], palette.sky[len(palette.sky) // 2], 0.5)
    for depth in np.sort(chance.random(count)):
        y = bottom - (bottom - top) * float(depth)
        length = canvas.unit * (0.16 + 0.34 * float(depth)) * float(chance.uniform(0.8, 1.2))
        x = float(chance.uniform(-0.1, 1.1)) * canvas.width
        canvas.shaded(_heap(chance, x, y, length), (lit, shaded), 0.45 + 0.3 * float(depth))


def _heap(chance: Chance, x: float, y: float, length: float) -> list[Point]:
    count = 90
    along = np.linspace(-1, 1, count)
    rise = np.sqrt(np.clip(1 - along**2, 0, 1)) * (0.55 + 0.45 * np.abs(wander(chance, count, bumps=5, octaves=2)))
    bumps = np.abs(np.sin(np.cumsum(chance.uniform(0.10, 0.26, count)))) * 0.35
    height = length * 0.26 * rise * (0.7 + bumps)
    upper = list(zip((x + along * length / 2).tolist(), (y - height).tolist(), strict=True))
    lower = list(
        zip((x + along[::-1] * length / 2).tolist(), (y + length * 0.02 * (1 - along**2)).tolist(), strict=True)
    )
    return [*upper, *lower]


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
