"""High above the clouds, with balloons."""

from __future__ import annotations

import math

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, curve, oval, ribbon
from services.content.providers.offline.painting.sky import birds, clouds, stars, sunlight


def paint_heaven(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """A wide sky, seas of cloud from far to near, and balloons between them."""
    sun = Light(
        x=canvas.width * float(chance.uniform(0.25, 0.75)),
        y=canvas.height * float(chance.uniform(0.34, 0.48)),
        radius=canvas.unit * 0.08,
    )
    canvas.sky((*palette.sky, palette.haze), bottom=canvas.height * 0.92)
    if max(palette.sky[0]) < 0.4:
        stars(canvas, chance, bottom=canvas.height * 0.5, count=220)
    sunlight(canvas, palette, sun)
    clouds(canvas, palette, chance, top=canvas.height * 0.06, bottom=canvas.height * 0.42, count=4)
    spots = ((0.30, 0.40, 0.17), (0.68, 0.30, 0.11), (0.84, 0.52, 0.075), (0.14, 0.22, 0.05))
    mirrored = chance.random() < 0.5
    for step in range(5):
        share = step / 4
        if step in (1, 2, 3):
            x, y, size = spots[3 - step]
            _balloon(
                canvas,
                palette,
                chance,
                canvas.width * (1 - x if mirrored else x),
                canvas.height * y,
                canvas.unit * size * 1.1,
            )
        _cloud_sea(canvas, palette, chance, share)
    birds(
        canvas,
        chance,
        mix(palette.near, palette.shade, 0.4),
        x=canvas.width * 0.5,
        y=canvas.height * 0.18,
        count=5,
    )


def _cloud_sea(canvas: Canvas, palette: Palette, chance: Chance, share: float) -> None:
    base = canvas.height * (0.60 + 0.30 * share)
    puffs: list[list[Point]] = []
    x = -canvas.unit * 0.1
    while x < canvas.width * 1.05:
        size = canvas.unit * (0.030 + 0.080 * share) * float(chance.uniform(0.6, 1.5))
        puffs.append(oval(x, base - size * 0.25, size * 1.25, size))
        x += size * float(chance.uniform(0.8, 1.6))
    puffs.append(
        [(-2, base - 2), (canvas.width + 2, base - 2), (canvas.width + 2, canvas.height), (-2, canvas.height)]
    )
    lit = mix(lighter(palette.sky[-1], 0.55), palette.haze, 0.2)
    body = mix(mix(palette.haze, palette.sky[-1], 0.5), palette.sky[1], 0.42 + 0.34 * share)
    canvas.shaded_union(
        puffs,
        (mix(lit, body, 0.15 * share), mix(lit, body, 0.6), body),
        0.95,
        reach=canvas.unit * (0.12 + 0.20 * share),
    )


def _balloon(canvas: Canvas, palette: Palette, chance: Chance, x: float, y: float, size: float) -> None:
    """Envelope in gores, ropes, basket."""
    vivid = [colour for colour in palette.accents if min(colour) < 0.75]
    first = vivid[int(chance.integers(len(vivid)))]
    second = lighter(palette.sun, 0.2)
    gores = 8
    for index in range(gores):
        left, right = (math.sin((k / gores - 0.5) * math.pi) for k in (index, index + 1))
        colour = first if index % 2 else second
        tone = 0.16 - 0.40 * index / gores
        canvas.shaded(_gore(x, y, size, left, right), (lighter(colour, tone + 0.12), lighter(colour, tone - 0.05)))
    skirt = y + size * 1.20
    for side in (-1, 1):
        rope: list[Point] = [(x + side * size * 0.20, skirt), (x + side * size * 0.11, skirt + size * 0.36)]
        canvas.shape(ribbon(rope, [max(size * 0.012, 1.5)] * 2), hexed("#5b3a26"))
    basket: Colour = hexed("#9a6236")
    canvas.shaded(
        [
            (x - size * 0.13, skirt + size * 0.34),
            (x + size * 0.13, skirt + size * 0.34),
            (x + size * 0.10, skirt + size * 0.52),
            (x - size * 0.10, skirt + size * 0.52),
        ],
        (lighter(basket, 0.1), lighter(basket, -0.3)),
    )


def _gore(x: float, y: float, size: float, left: float, right: float) -> list[Point]:
    share = np.linspace(0, 1, 26)
    half = np.where(
        share < 0.55,
        np.sin(np.clip(share / 0.55, 0, 1) * np.pi / 2) ** 0.52,
        0.21 + 0.79 * np.clip(np.cos((share - 0.55) / 0.45 * np.pi / 2), 0, 1) ** 1.15,
    )
    rows = y - size * 1.05 + size * 2.25 * share
    one = list(zip((x + size * left * half).tolist(), rows.tolist(), strict=True))
    other = list(zip((x + size * right * half).tolist(), rows.tolist(), strict=True))
    mouth = curve(one[-1], (x, rows[-1]), other[-1], 4)
    return [*one, *mouth, *reversed(other)]
