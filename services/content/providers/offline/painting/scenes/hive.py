"""Honeycomb close up, with bees at work; one may dance."""

from __future__ import annotations

import math

import numpy as np

from services.content.providers.offline.painting.bee import bee
from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, oval

_WAX, _HONEY, _DEEP, _CAP = hexed("#ffd36b"), hexed("#f59e16"), hexed("#7a3a0a"), hexed("#e7b765")
_BACK = hexed("#c9791a")


def paint_hive(canvas: Canvas, palette: Palette, chance: Chance, *, bees: int = 4, dances: bool = False) -> None:
    """Cells of honey in warm light, and bees; with ``dances`` the figure of eight of a waggle dance."""
    canvas.sky((hexed("#f3b23c"), _BACK, hexed("#8a4510")))
    size = canvas.unit * float(chance.uniform(0.075, 0.095))
    for row in range(-1, int(canvas.height / (size * 1.5)) + 2):
        for column in range(-1, int(canvas.width / (size * math.sqrt(3))) + 2):
            x = (column + 0.5 * (row % 2)) * size * math.sqrt(3)
            _cell(canvas, chance, x, row * size * 1.5, size)
    canvas.glow(
        Light(x=canvas.width * 0.25, y=canvas.height * 0.1, radius=canvas.unit * 1.3), hexed("#ffd98a"), 0.55
    )
    canvas.veil(hexed("#4a1f08"), (0, 0, 0.55), top=canvas.height * 0.45, bottom=canvas.height)
    if dances:
        _dance(canvas, palette)
    _workers(canvas, chance, bees, dances=dances)


def _hexagon(x: float, y: float, size: float) -> list[Point]:
    return [
        (x + size * math.cos(turn), y + size * math.sin(turn)) for turn in np.pi / 6 + np.pi / 3 * np.arange(6)
    ]


def _cell(canvas: Canvas, chance: Chance, x: float, y: float, size: float) -> None:
    canvas.shape(_hexagon(x, y, size * 0.995), _WAX)
    canvas.shape(_hexagon(x + size * 0.02, y + size * 0.03, size * 0.93), lighter(_HONEY, -0.25))
    lot = chance.random()
    if lot < 0.16:
        _empty(canvas, x, y, size)
    elif lot < 0.30:
        _capped(canvas, x, y, size)
    else:
        _full(canvas, chance, x, y, size)


def _empty(canvas: Canvas, x: float, y: float, size: float) -> None:
    for scale, share in ((0.84, 0.35), (0.70, 0.6), (0.54, 0.85), (0.36, 1.0)):
        canvas.shape(
            _hexagon(x + size * 0.05 * (1 - scale), y + size * 0.10 * (1 - scale), size * scale),
            mix(_HONEY, _DEEP, share),
        )


def _capped(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.shape(_hexagon(x, y, size * 0.86), lighter(_CAP, -0.10))
    canvas.shape(_hexagon(x - size * 0.02, y - size * 0.03, size * 0.80), _CAP)
    canvas.shape(oval(x - size * 0.16, y - size * 0.20, size * 0.34, size * 0.24, -0.4), lighter(_CAP, 0.28))


def _full(canvas: Canvas, chance: Chance, x: float, y: float, size: float) -> None:
    honey: Colour = mix(_HONEY, hexed("#ffb52e"), float(chance.random()))
    canvas.shaded(_hexagon(x, y, size * 0.86), (lighter(honey, 0.22), honey, lighter(honey, -0.22)))
    canvas.shape(oval(x - size * 0.26, y - size * 0.36, size * 0.26, size * 0.11, -0.45), (1.0, 0.97, 0.82), 0.75)
    canvas.shape(oval(x + size * 0.30, y + size * 0.38, size * 0.16, size * 0.06, -0.45), (1.0, 0.90, 0.60), 0.35)


def _dance(canvas: Canvas, palette: Palette) -> None:
    """A lying eight: the straight waggle run in the middle, a loop back on either side."""
    turns = np.linspace(0, 2 * np.pi, 46, endpoint=False)
    wide, tall = canvas.unit * 0.36, canvas.unit * 0.42
    for turn in turns:
        x = canvas.width * 0.5 + wide * math.sin(turn)
        y = canvas.height * 0.47 + tall * math.sin(turn) * math.cos(turn)
        canvas.glow(Light(x=x, y=y, radius=canvas.unit * 0.032), palette.sun, 0.30)
        canvas.disc(x, y, canvas.unit * 0.0065, (1.0, 0.99, 0.90))


def _workers(canvas: Canvas, chance: Chance, count: int, *, dances: bool) -> None:
    spots = [(0.5, 0.47, 0.27)] if dances else [(0.5, 0.50, 0.30)]
    spots += [(0.20, 0.28, 0.17), (0.80, 0.66, 0.18), (0.78, 0.20, 0.14), (0.18, 0.74, 0.15)][: count - 1]
    places = [
        (
            canvas.width * (x + float(chance.normal(0, 0.015))),
            canvas.height * (y + float(chance.normal(0, 0.02))),
            size,
        )
        for x, y, size in spots
    ]
    shadow = canvas.layer()
    for x, y, size in places:
        wide = canvas.unit * size
        shadow.shape(oval(x - wide * 0.05, y + wide * 0.38, wide * 0.5, wide * 0.13), _DEEP)
    shadow.lay(canvas.unit * 0.012, 0.5)
    for index, (x, y, size) in enumerate(places):
        turn = math.radians(float(chance.uniform(-12, 14)))
        bee(canvas, x, y, canvas.unit * size, turn, faces_left=bool(index % 2))
