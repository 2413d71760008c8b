"""Flowers and grass, from specks in the distance to blossoms that fill the foreground."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.shapes import Chance, Point, blade, curve, oval, petal, ribbon

_YOLK = hexed("#ffc22e")
_SEED = hexed("#7a4a1d")
_GOLDEN_TURN = 2.399963


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


@dataclass(frozen=True, kw_only=True)
class Crown:
    """A ring of petals: how many, how wide for their length, and of what form."""

    count: int
    width: float
    fullness: float = 0.62
    notch: float = 0.0
    point: float = 0.6


def _crown(
    sheet: Sheet, x: float, y: float, radius: float, tilt: float, colour: Colour, crown: Crown, turn: float
) -> None:
    """Petals, back ones first, each with a dark rim, a light middle and a warm root."""
    angles = [turn + 2 * math.pi * step / crown.count for step in range(crown.count)]
    for place, angle in enumerate(sorted(angles, key=math.sin)):
        shift = 0.05 if place % 2 else -0.04
        for scale, tone in ((1.0, -0.20), (0.95, shift), (0.74, shift + 0.13), (0.40, shift - 0.10)):
            outline = petal(
                x,
                y,
                angle,
                radius * scale,
                radius * crown.width * scale**0.9,
                fullness=crown.fullness,
                notch=crown.notch * scale,
                point=crown.point,
            )
            sheet.shape(_tilted(outline, y, tilt), lighter(colour, tone))


def daisy(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Many narrow petals around a yellow heart."""
    tilt, turn = float(chance.uniform(0.66, 0.95)), float(chance.uniform(0, 1))
    crown = Crown(count=15, width=0.30, fullness=0.66)
    _crown(sheet, x, y, radius, tilt, lighter(colour, -0.18), crown, turn + 0.21)
    _crown(sheet, x, y, radius * 0.97, tilt, colour, crown, turn)
    _heart(sheet, x, y - radius * 0.04, radius * 0.30, tilt, _YOLK)


def cosmos(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Eight broad petals with a notch."""
    tilt, turn = float(chance.uniform(0.66, 0.95)), float(chance.uniform(0, 1))
    crown = Crown(count=8, width=0.60, fullness=0.70, notch=0.05, point=0.55)
    _crown(sheet, x, y, radius, tilt, colour, crown, turn)
    _heart(sheet, x, y - radius * 0.03, radius * 0.21, tilt, _YOLK)


def poppy(sheet: Sheet, x: float, y: float, radius: float, colour: Colour, chance: Chance) -> None:
    """Wide overlapping petals around a dark heart."""
    tilt, turn = float(chance.uniform(0.62, 0.85)), float(chance.uniform(0, 1.5))
    back, front = (
        Crown(count=5, width=0.95, fullness=0.66, point=0.5),
        Crown(count=4, width=0.92, fullness=0.68, point=0.5),
    )
    _crown(sheet, x, y, radius, tilt, lighter(colour, -0.16), back, turn + 0.6)
    _crown(sheet, x, y, radius * 0.88, tilt, colour, front, turn)
    sheet.shape(_tilted(oval(x, y, radius * 0.28, radius * 0.28), y, tilt), lighter(colour, -0.75))
    _heart(sheet, x, y - radius * 0.03, radius * 0.15, tilt, hexed("#a9c76a"))


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
    seeds = 0 if radius < 24 else round(40 + radius * 0.35)
    for seed in range(seeds):
        turn, reach = seed * _GOLDEN_TURN, math.sqrt((seed + 0.5) / seeds)
        px = x + reach * radius * 0.39 * math.cos(turn)
        py = y - radius * 0.12 + reach * radius * 0.29 * math.sin(turn)
        light = 0.5 - 0.5 * math.sin(turn) * reach
        shade = mix(_SEED, hexed("#ffbf4d"), light if seed % 3 else light * 0.4)
        sheet.shape(oval(px, py, radius * 0.024, radius * 0.040, count=8), shade)


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
    """A spike of small blossoms, whorl above whorl."""
    for row in np.linspace(0, 1, 8):
        width = radius * (0.52 - 0.36 * float(row))
        py = y + radius * (0.9 - 2.0 * float(row))
        for side in (-0.9, 0.9, -0.45, 0.45, 0.0):
            tone = 0.16 - 0.30 * abs(side) + float(chance.uniform(-0.08, 0.08)) - (0.08 if side > 0 else 0.0)
            lean = -math.pi / 2 + side * 1.1
            sheet.shape(
                petal(x + side * width * 0.35, py, lean, width * 0.95, width * 0.62, point=0.5),
                lighter(colour, tone),
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


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A stretch of land in perspective, from far row ``top`` to near row ``bottom``."""

    top: float
    bottom: float

    def row(self, depth: float) -> float:
        """Depth 0 is far, 1 is near; rows crowd towards the horizon."""
        return self.top + (self.bottom - self.top) * float(depth**1.7)


def turf(
    canvas: Canvas, chance: Chance, ground: Ground, *, count: int, size: float, colours: Sequence[Colour]
) -> None:
    """Tufts and blossoms strewn over the land, far ones tiny; blossoms grow in patches of one colour.

    ``colours``: two greens, then the blossoms.
    """
    greens, hues = colours[:2], colours[2:]
    patches = [(float(chance.uniform(0, canvas.width)), hues[int(chance.integers(len(hues)))]) for _ in range(11)]
    for depth in np.sort(chance.random(count)):
        y, scale = ground.row(float(depth)), size * (0.10 + 0.90 * float(depth) ** 1.5)
        x = float(chance.uniform(-0.02, 1.02)) * canvas.width
        green = mix(greens[0], greens[1], float(depth) * 0.7 + float(chance.uniform(0, 0.3)))
        for lean in (-0.5, 0.1, 0.6):
            tall = scale * float(chance.uniform(1.2, 2.6))
            canvas.shape(blade(x, y, tall, scale * 0.22, tall * lean * 0.7), green)
        if chance.random() < 0.62:
            centre, hue = patches[int(chance.integers(len(patches)))]
            _speck(canvas, centre + float(chance.normal(0, canvas.width * 0.09)), y, scale, hue, green, chance)


def _speck(canvas: Canvas, x: float, y: float, size: float, hue: Colour, green: Colour, chance: Chance) -> None:
    tall, tone = size * float(chance.uniform(0.8, 1.8)), float(chance.uniform(-0.10, 0.16))
    canvas.shape(blade(x, y, tall, max(size * 0.16, 2.0), 0), green)
    top = y - tall
    if size < canvas.unit * 0.008:
        canvas.shape(oval(x, top, size * 0.5, size * 0.36, count=10), lighter(hue, tone))
        return
    for angle in (0.3, 1.55, 2.8, 4.07, 5.3):
        outline = petal(x, top, angle, size * 0.62, size * 0.42, point=0.5)
        canvas.shape(_tilted(outline, top, 0.7), lighter(hue, tone - 0.10 * math.sin(angle)))
    canvas.shape(oval(x, top, size * 0.17, size * 0.13, count=10), _YOLK)
