"""Flowers and grass, from specks in the distance to blossoms that fill the foreground."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.shapes import Chance, Point, blade, curve, oval, petal, ribbon

_YOLK = hexed("#ffc22e")
_SEED = hexed("#7a4a1d")


class Sheet(Protocol):
    """Anything flowers can be drawn on: the canvas, or a layer out of focus."""

    def shape(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0) -> None: ...


def _tilted(points: Sequence[Point], y: float, tilt: float) -> list[Point]:
    """Seen from the side: heights around row ``y`` shrink to ``tilt``."""
    return [(a, y + (b - y) * tilt) for a, b in points]


def _heart(sheet: Sheet, x: float, y: float, radius: float, tilt: float, colour: Colour) -> None:
    sheet.shape(_tilted(oval(x, y + radius * 0.12, radius, radius), y, tilt), lighter(colour, -0.35))
    sheet.shape(_tilted(oval(x, y, radius * 0.94, radius * 0.94), y, tilt), colour)
    sheet.shape(
        _tilted(oval(x - radius * 0.18, y - radius * 0.22, radius * 0.55, radius * 0.5), y, tilt),
        lighter(colour, 0.3),
    )
    if radius < 14:
        return
    for ring, count in ((0.38, 7), (0.66, 13), (0.86, 19)):
        for step in range(count):
            turn = 2 * math.pi * (step / count + ring)
            px, py = x + ring * radius * math.cos(turn), y + (ring * radius * math.sin(turn)) * tilt
            sheet.shape(
                oval(px, py, radius * 0.065, radius * 0.06, count=8), lighter(colour, -0.28 if step % 2 else 0.35)
            )


def _crown(
    sheet: Sheet,
    x: float,
    y: float,
    radius: float,
    tilt: float,
    colour: Colour,
    *,
    count: int,
    width: float,
    turn: float,
    fullness: float = 0.62,
    notch: float = 0.0,
) -> None:
    """A ring of petals, back ones first, each with a shadow side and a light middle."""
    angles = [turn + 2 * math.pi * step / count for step in range(count)]
    for angle in sorted(angles, key=math.sin):
        for scale, tone in ((1.0, -0.10), (0.93, 0.0), (0.70, 0.14), (0.42, 0.06)):
            shape = petal(
                x, y, angle, radius * scale, radius * width * (scale**0.8), fullness=fullness, notch=notch * scale
            )
            sheet.shape(_tilted(shape, y, tilt), lighter(colour, tone))


def daisy(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Many narrow petals around a yellow heart."""
    tilt, turn = float(chance.uniform(0.62, 0.95)), float(chance.uniform(0, 1))
    _crown(sheet, x, y, radius, tilt, lighter(colour, -0.16), count=13, width=0.34, turn=turn + 0.24)
    _crown(sheet, x, y, radius, tilt, colour, count=13, width=0.32, turn=turn)
    _heart(sheet, x, y - radius * 0.04, radius * 0.30, tilt, _YOLK)


def cosmos(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Eight broad petals with a notch."""
    tilt, turn = float(chance.uniform(0.6, 0.95)), float(chance.uniform(0, 1))
    _crown(sheet, x, y, radius, tilt, colour, count=8, width=0.66, turn=turn, fullness=0.74, notch=0.06)
    _heart(sheet, x, y - radius * 0.03, radius * 0.20, tilt, _YOLK)


def poppy(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Four wide overlapping petals around a dark heart."""
    tilt, turn = float(chance.uniform(0.6, 0.85)), float(chance.uniform(0, 1.5))
    _crown(sheet, x, y, radius, tilt, lighter(colour, -0.18), count=4, width=1.25, turn=turn + 0.78, fullness=0.66)
    _crown(sheet, x, y, radius * 0.94, tilt, colour, count=4, width=1.2, turn=turn, fullness=0.68)
    sheet.shape(_tilted(oval(x, y, radius * 0.30, radius * 0.30), y, tilt), hexed("#3b1626"))
    _heart(sheet, x, y - radius * 0.03, radius * 0.15, tilt, hexed("#9bbf5a"))


def coneflower(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Seen from the side: hanging petals under a high brown cone."""
    for step in np.linspace(-1.22, 1.22, 11):
        angle = math.pi / 2 + float(step) * 1.02
        length = radius * (0.98 - 0.10 * abs(float(step)) + float(chance.uniform(-0.04, 0.04)))
        for scale, tone in ((1.0, -0.16), (0.9, 0.0), (0.6, 0.16)):
            sheet.shape(
                petal(x, y, angle, length * scale, radius * 0.34 * scale, fullness=0.62), lighter(colour, tone)
            )
    sheet.shape(oval(x, y - radius * 0.10, radius * 0.44, radius * 0.34), lighter(_SEED, -0.2))
    sheet.shape(
        oval(x - radius * 0.05, y - radius * 0.15, radius * 0.36, radius * 0.26),
        mix(_SEED, hexed("#e8852e"), 0.55),
    )
    if radius < 24:
        return
    for row in range(4):
        for step in range(-3 + row // 2, 4 - row // 2):
            px, py = x + step * radius * 0.105, y - radius * (0.02 + 0.09 * row) - abs(step) * radius * -0.012
            sheet.shape(
                oval(px, py, radius * 0.028, radius * 0.05, count=8),
                hexed("#ffb648") if (row + step) % 2 else _SEED,
            )


def tulip(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """A closed cup seen from the side."""
    root = y + radius * 0.75
    for angle, tone, width in (
        (-0.36, -0.22, 0.80),
        (0.36, -0.26, 0.80),
        (-0.24, -0.04, 0.72),
        (0.25, -0.10, 0.72),
        (0.0, 0.10, 0.70),
    ):
        lean = -math.pi / 2 + angle + float(chance.uniform(-0.04, 0.04))
        sheet.shape(petal(x, root, lean, radius * 1.7, radius * width, fullness=0.45), lighter(colour, tone))
    sheet.shape(
        petal(x - radius * 0.05, root, -math.pi / 2, radius * 1.35, radius * 0.30, fullness=0.45),
        lighter(colour, 0.28),
    )


def lavender(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """A spike of small blossoms."""
    for row in np.linspace(0, 1, 9):
        width = radius * (0.40 - 0.24 * float(row))
        py = y + radius * (0.9 - 1.9 * float(row))
        for side in (-1, 0, 1):
            px = x + side * width * 0.75
            lean = -math.pi / 2 + side * 0.8
            tone = float(chance.uniform(-0.22, 0.22)) + (0.10 if side < 0 else -0.05)
            sheet.shape(
                petal(px - side * width * 0.5, py, lean, radius * 0.42, radius * 0.24), lighter(colour, tone)
            )


Blossom = Callable[[Sheet, float, float, float, Colour, Chance], None]
BLOSSOMS: tuple[Blossom, ...] = (daisy, cosmos, poppy, coneflower, tulip, lavender)


def flower(
    sheet: Sheet,
    foot: Point,
    head: Point,
    radius: float,
    kind: Blossom,
    colour: Colour,
    green: Colour,
    chance: Chance,
) -> None:
    """A whole plant from its foot on the ground to its blossom."""
    bend = (foot[0] + (head[0] - foot[0]) * 0.15, (foot[1] + head[1]) / 2)
    spine = curve(foot, bend, head)
    thick = max(radius * 0.13, 2.0)
    sheet.shape(ribbon(spine, np.linspace(thick * 1.2, thick * 0.8, len(spine)).tolist()), green)
    sheet.shape(ribbon([(a - thick * 0.2, b) for a, b in spine], [thick * 0.3] * len(spine)), lighter(green, 0.22))
    for place, side in ((5, -1), (8, 1)):
        if foot[1] - head[1] > radius * 2:
            leaf_x, leaf_y = spine[place]
            angle = -math.pi / 2 + side * float(chance.uniform(0.6, 1.0))
            length = radius * float(chance.uniform(1.0, 1.5))
            sheet.shape(petal(leaf_x, leaf_y, angle, length, length * 0.30, fullness=0.45), lighter(green, -0.06))
            sheet.shape(
                petal(leaf_x, leaf_y, angle, length * 0.92, length * 0.12, fullness=0.45), lighter(green, 0.16)
            )
    kind(sheet, head[0], head[1], radius, colour, chance)


def grass(
    sheet: Sheet,
    chance: Chance,
    *,
    width: float,
    base: float,
    height: float,
    count: int,
    colours: Sequence[Colour],
) -> None:
    """A strip of blades along row ``base``."""
    for _ in range(count):
        x = float(chance.uniform(-height * 0.3, width + height * 0.3))
        tall = height * float(chance.uniform(0.45, 1.0))
        colour = mix(colours[0], colours[1], float(chance.random()))
        lean = tall * float(chance.normal(0.08, 0.28))
        sheet.shape(blade(x, base + height * 0.05, tall, max(tall * 0.07, 3.0), lean), colour)


def specks(
    canvas: Canvas,
    chance: Chance,
    *,
    top: float,
    bottom: float,
    count: int,
    size: float,
    colours: Sequence[Colour],
) -> None:
    """Far blossoms: dots that grow towards the viewer, in patches of one colour."""
    patches = [(float(chance.uniform(0, canvas.width)), int(chance.integers(len(colours)))) for _ in range(9)]
    for depth in np.sort(chance.random(count)) ** 0.8:
        centre, hue = patches[int(chance.integers(len(patches)))]
        x = centre + float(chance.normal(0, canvas.width * 0.10))
        y = top + (bottom - top) * float(depth)
        radius = size * (0.18 + 0.82 * float(depth)) * float(chance.uniform(0.6, 1.1))
        colour = lighter(colours[hue], float(chance.uniform(-0.12, 0.18)))
        canvas.shape(oval(x, y, radius, radius * 0.62, count=12), colour)
        canvas.shape(oval(x, y - radius * 0.15, radius * 0.32, radius * 0.2, count=8), lighter(colour, 0.45))
