"""Flowing shapes for everything that has no picture of its own."""

from __future__ import annotations

import math

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import gradient, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.scenes.blossom import bokeh
from services.content.providers.offline.painting.shapes import Chance, Point, ribbon, wander

_SETS = (
    ("#1b1464", "#4b2fd6", "#b14bf4", "#ff6fb5", "#ffc46b"),
    ("#052f4f", "#0a6c8f", "#22b8b0", "#9be89b", "#fff3a0"),
    ("#3a0d3f", "#8c1d5a", "#e0485a", "#ff9a5a", "#ffe29a"),
    ("#0b2447", "#19588f", "#4f9fe0", "#a5d8ff", "#fff0d6"),
    ("#10312b", "#1f6f5c", "#58b47a", "#c9df7a", "#fff2b8"),
)


def paint_abstract(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Waves of one family of colours, a soft sun behind them, thin lines and floating discs."""
    codes = _SETS[int(chance.integers(len(_SETS)))]
    colours = tuple(mix(hexed(code), palette.sky[0], 0.10) for code in codes)
    canvas.sky((mix(colours[0], colours[1], 0.4), colours[1], mix(colours[2], colours[3], 0.5), colours[4]))
    sun = Light(
        x=canvas.width * float(chance.uniform(0.3, 0.7)),
        y=canvas.height * float(chance.uniform(0.30, 0.45)),
        radius=canvas.unit * float(chance.uniform(0.13, 0.19)),
    )
    canvas.glow(Light(x=sun.x, y=sun.y, radius=sun.radius * 4), colours[4], 0.5)
    _sun(canvas, sun, (lighter(colours[4], 0.4), colours[3]))
    count = 7
    for step in range(count):
        _wave(canvas, chance, step / (count - 1), colours)
    _orbits(canvas, chance, sun, lighter(colours[4], 0.5))
    bokeh(canvas, chance, (colours[3], colours[4]), count=22, low=0.12, high=0.40)


def _sun(canvas: Canvas, sun: Light, colours: tuple[tuple[float, float, float], ...]) -> None:
    turns = np.linspace(0, 2 * math.pi, 90, endpoint=False)
    canvas.shaded([(sun.x + sun.radius * math.cos(t), sun.y + sun.radius * math.sin(t)) for t in turns], colours)


def _wave(canvas: Canvas, chance: Chance, share: float, colours: tuple[tuple[float, float, float], ...]) -> None:
    """One band from edge to edge, its crest lit, darker and nearer with growing ``share``."""
    count = 180
    xs = np.linspace(-2, canvas.width + 2, count)
    base = canvas.height * (0.42 + 0.52 * share)
    swing = canvas.unit * (0.13 - 0.05 * share)
    ys = base - swing * wander(chance, count, bumps=2.2 + 0.8 * share, octaves=2, roughness=0.35) * 1.6
    crest: list[Point] = list(zip(xs.tolist(), ys.tolist(), strict=True))
    body = gradient(colours[::-1], np.array([0.12 + 0.80 * share, 0.30 + 0.70 * share]))
    upper, lower = (tuple(float(part) for part in row) for row in body)
    outline = [*crest, (canvas.width + 2, canvas.height), (-2, canvas.height)]
    shadow = canvas.layer()
    shadow.shape(ribbon([(x, y - canvas.unit * 0.006) for x, y in crest], [canvas.unit * 0.05] * count), lower)  # type: ignore[arg-type]
    shadow.lay(canvas.unit * 0.02, 0.45)
    canvas.shaded(outline, (lighter(upper, 0.10), upper, lower), reach=canvas.unit * 0.40)  # type: ignore[arg-type]


def _orbits(canvas: Canvas, chance: Chance, sun: Light, colour: tuple[float, float, float]) -> None:
    """Thin circles around the sun, each with a small bead."""
    for number in range(3):
        reach = sun.radius * (1.45 + 0.42 * number)
        box = (sun.x - reach, sun.y - reach, sun.x + reach, sun.y + reach)
        red, green, blue = (round(255 * part) for part in colour)
        canvas.pen.ellipse(box, outline=(red, green, blue, 70), width=max(round(canvas.unit * 0.0018), 2))
        turn = float(chance.uniform(math.pi, 2 * math.pi))
        canvas.disc(sun.x + reach * math.cos(turn), sun.y + reach * math.sin(turn), canvas.unit * 0.008, colour)
