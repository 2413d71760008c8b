"""A blossom as a bee may see it: ultraviolet marks that glow and point to the nectar."""

from __future__ import annotations

import math

from services.content.providers.offline.painting.bee import bee, trail
from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.scenes.blossom import bokeh
from services.content.providers.offline.painting.shapes import Chance, curve, oval, petal, ribbon

_NIGHT = (hexed("#0c0a2e"), hexed("#24135c"), hexed("#4b1d7a"), hexed("#1a0f45"))
_PETALS = (
    (hexed("#3b2bb8"), hexed("#7c5cff")),
    (hexed("#6b1fa8"), hexed("#c65bff")),
    (hexed("#0f4fb0"), hexed("#4cc9ff")),
)
_GUIDES = (hexed("#8ffcff"), hexed("#fff27a"), hexed("#ff9df5"))


def paint_nectar(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """A large glowing flower, dark around, its guides bright; a bee comes along them."""
    canvas.sky(_NIGHT)
    bokeh(canvas, chance, (hexed("#5b3bd6"), hexed("#c04bff"), hexed("#37c8ff")), count=34, low=0.10, high=0.35)
    side = 1 if chance.random() < 0.5 else -1
    x, y = canvas.width * (0.5 + 0.06 * side), canvas.height * 0.52
    radius = canvas.unit * 0.40
    dark, bright = _PETALS[int(chance.integers(len(_PETALS)))]
    guide = _GUIDES[int(chance.integers(len(_GUIDES)))]
    canvas.glow(Light(x=x, y=y, radius=radius * 2.2), bright, 0.5)
    count = int(chance.integers(6, 9))
    turn = float(chance.uniform(0, 1))
    for ring, scale in ((0.5, 1.0), (0.0, 0.94)):
        for step in range(count):
            _lit_petal(
                canvas,
                x,
                y,
                turn + 2 * math.pi * (step + ring) / count,
                radius * scale,
                (dark, bright, guide),
                count,
            )
    _centre(canvas, x, y, radius, guide)
    _visitor(canvas, palette, x, y, radius, -side)


def _lit_petal(
    canvas: Canvas,
    x: float,
    y: float,
    angle: float,
    length: float,
    colours: tuple[Colour, Colour, Colour],
    count: int,
) -> None:
    dark, bright, guide = colours
    width = length * 4.4 / count
    for scale, share in ((1.0, 0.0), (0.965, 0.35), (0.86, 0.55), (0.70, 0.75), (0.52, 0.95)):
        canvas.shape(
            petal(x, y, angle, length * scale, width * scale, fullness=0.68, point=0.5), mix(dark, bright, share)
        )
    for spread in (-0.17, -0.085, 0.0, 0.085, 0.17):
        reach = length * (0.74 - 1.2 * abs(spread))
        start = (x + length * 0.16 * math.cos(angle + spread), y + length * 0.16 * math.sin(angle + spread))
        bend = (x + reach * 0.6 * math.cos(angle + spread * 0.9), y + reach * 0.6 * math.sin(angle + spread * 0.9))
        end = (x + reach * math.cos(angle + spread * 1.25), y + reach * math.sin(angle + spread * 1.25))
        widths = [length * 0.020 * (1 - step / 16) + 1 for step in range(16)]
        canvas.shape(ribbon(curve(start, bend, end), widths), guide, 0.85)


def _centre(canvas: Canvas, x: float, y: float, radius: float, guide: Colour) -> None:
    canvas.glow(Light(x=x, y=y, radius=radius * 0.75), guide, 0.75)
    canvas.shape(oval(x, y, radius * 0.17, radius * 0.17), lighter(guide, 0.35))
    canvas.shape(oval(x, y, radius * 0.11, radius * 0.11), mix(guide, hexed("#ff8a1f"), 0.7))
    for step in range(18):
        turn = step * 2.399963
        reach = radius * 0.022 * math.sqrt(step) * 1.15
        canvas.disc(x + reach * math.cos(turn), y + reach * math.sin(turn), radius * 0.010, (1.0, 0.98, 0.8))


def _visitor(canvas: Canvas, palette: Palette, x: float, y: float, radius: float, side: int) -> None:
    bx, by = x + side * radius * 1.10, y - radius * 0.72
    size = canvas.unit * 0.19
    path = curve(
        (bx + side * canvas.unit * 0.5, by + canvas.unit * 0.05),
        (bx + side * canvas.unit * 0.3, by - canvas.unit * 0.2),
        (bx, by),
        40,
    )
    trail(canvas, path, palette.sun, size * 0.028)
    canvas.glow(Light(x=bx, y=by, radius=size), hexed("#6a5cff"), 0.5)
    bee(canvas, bx, by, size, -0.25, faces_left=side > 0)
