"""Under water: beams from the surface, a reef, fish and bubbles."""

from __future__ import annotations

import math

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import (
    Chance,
    blade,
    blob,
    curve,
    hill,
    oval,
    petal,
    ribbon,
    turned,
)

_WATER = (hexed("#a9f0ea"), hexed("#3cc0d0"), hexed("#147fae"), hexed("#0b4d86"), hexed("#072a56"))
_CORALS = tuple(hexed(code) for code in ("#ff6f61", "#ff9e6d", "#f15bb5", "#ffd166", "#b388eb", "#ff8fab"))


def paint_underwater(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """A bright surface above, a dark reef below, two schools and one large fish between."""
    canvas.sky(tuple(mix(colour, palette.sky[0], 0.12) for colour in _WATER))
    canvas.glow(
        Light(x=canvas.width * 0.5, y=-canvas.unit * 0.1, radius=canvas.unit * 1.1), (0.85, 1.0, 0.95), 0.7
    )
    _beams(canvas, chance)
    for step, share in enumerate((0.25, 0.5, 0.75)):
        base = canvas.height * (0.80 + 0.055 * step)
        ridge = hill(chance, canvas.width, base, canvas.unit * 0.10, canvas.height, bumps=3 + step, octaves=4)
        colour = mix(_WATER[2], hexed("#06203f"), share)
        canvas.shaded(ridge, (lighter(colour, 0.08), colour))
        if step:
            _school(canvas, chance, share)
    _fish(
        canvas,
        canvas.width * float(chance.uniform(0.38, 0.62)),
        canvas.height * 0.46,
        canvas.unit * 0.15,
        _CORALS[int(chance.integers(3))],
        faces=1 if chance.random() < 0.5 else -1,
    )
    _reef(canvas, chance)
    _bubbles(canvas, chance)


def _beams(canvas: Canvas, chance: Chance) -> None:
    width, height = 160, max(round(160 * canvas.height / canvas.width), 8)
    ys, xs = np.mgrid[0:height, 0:width].astype(float)
    slant = (xs - width * 0.5) / (ys + height * 0.55)
    light = np.zeros((height, width))
    for _ in range(11):
        light += np.exp(
            -(((slant - float(chance.uniform(-0.9, 0.9))) / float(chance.uniform(0.02, 0.07))) ** 2)
        ) * float(chance.uniform(0.3, 1))
    fade = np.clip(1 - ys / height * 1.05, 0, 1) ** 1.2
    canvas.light_map((light * fade * 0.26)[:, :, None] * np.array((0.75, 1.0, 0.95)))


def _fish(canvas: Canvas, x: float, y: float, size: float, colour: Colour, *, faces: int) -> None:
    """A round fish with bands; ``faces`` 1 looks right, -1 left."""

    def at(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + a * size * faces, y + b * size) for a, b in points]

    dark, light = lighter(colour, -0.25), lighter(colour, 0.35)
    canvas.shape(at([(-0.72, 0.0), (-1.18, -0.40), (-1.05, 0.0), (-1.18, 0.40)]), dark)
    canvas.shape(at(curve((-0.45, -0.34), (-0.1, -0.86), (0.42, -0.30))), dark)
    canvas.shape(at(curve((-0.35, 0.36), (-0.05, 0.74), (0.28, 0.34))), dark)
    body = [
        *curve((0.86, 0.0), (0.30, -0.78), (-0.82, -0.04), 24),
        *curve((-0.82, 0.04), (0.30, 0.78), (0.86, 0.0), 24),
    ]
    canvas.shaded(at(body), (light, colour, dark))
    for place in (0.28, -0.12, -0.46):
        reach = 0.36 * (1 - abs(place + 0.02) ** 1.7)
        canvas.shape(
            ribbon(at(curve((place, -reach), (place + 0.10, 0), (place, reach))), [size * 0.10] * 16),
            (1.0, 0.98, 0.94),
            0.9,
        )
    canvas.shape(at(turned(petal(0, 0, math.pi - 0.5, 0.32, 0.20), 0.16, 0.10, 0.0)), dark)
    canvas.disc(x + 0.58 * size * faces, y - 0.10 * size, size * 0.095, (1, 1, 1))
    canvas.disc(x + 0.60 * size * faces, y - 0.10 * size, size * 0.055, hexed("#0b1b33"))


def _school(canvas: Canvas, chance: Chance, share: float) -> None:
    x, y = canvas.width * float(chance.uniform(0.15, 0.85)), canvas.height * float(chance.uniform(0.22, 0.62))
    faces = 1 if chance.random() < 0.5 else -1
    colour = mix(_CORALS[int(chance.integers(len(_CORALS)))], _WATER[2], 0.7 - 0.5 * share)
    for _ in range(15):
        px, py = x + canvas.unit * float(chance.normal(0, 0.15)), y + canvas.unit * float(chance.normal(0, 0.055))
        size = canvas.unit * (0.012 + 0.016 * share) * float(chance.uniform(0.8, 1.2))
        canvas.shape(oval(px, py, size, size * 0.46, count=20), colour)
        canvas.shape(
            [
                (px - faces * size * 0.8, py),
                (px - faces * size * 1.5, py - size * 0.5),
                (px - faces * size * 1.5, py + size * 0.5),
            ],
            colour,
        )
        canvas.disc(px + faces * size * 0.55, py - size * 0.1, size * 0.12, (1, 1, 1))


def _reef(canvas: Canvas, chance: Chance) -> None:
    bottom = canvas.height * 1.02
    for _ in range(22):
        x = canvas.width * float(chance.random())
        tall = canvas.unit * float(chance.uniform(0.12, 0.36)) * (0.5 + abs(x / canvas.width - 0.5))
        weed = mix(hexed("#0f7a6c"), hexed("#0a3d55"), float(chance.random()))
        canvas.shape(blade(x, bottom, tall, canvas.unit * 0.022, tall * float(chance.normal(0, 0.25))), weed)
    for index in range(round(9 * max(canvas.width / canvas.unit, 1))):
        x = canvas.width * float(chance.random())
        colour = _CORALS[int(chance.integers(len(_CORALS)))]
        size = canvas.unit * float(chance.uniform(0.05, 0.11)) * (0.6 + 0.8 * abs(x / canvas.width - 0.5))
        if index % 2:
            _branch(canvas, chance, x, bottom, size * 1.5, -math.pi / 2, 4, colour)
        else:
            canvas.shaded(
                blob(chance, x, bottom - size * 0.2, size, wobble=0.3),
                (lighter(colour, 0.2), colour, lighter(colour, -0.4)),
            )
    canvas.veil(hexed("#06203f"), (0, 0.6), top=canvas.height * 0.86, bottom=canvas.height)


def _branch(
    canvas: Canvas, chance: Chance, x: float, y: float, size: float, angle: float, depth: int, colour: Colour
) -> None:
    length = size * float(chance.uniform(0.5, 0.7))
    end = (x + length * math.cos(angle), y + length * math.sin(angle))
    canvas.shape(ribbon(curve((x, y), ((x + end[0]) / 2, (y + end[1]) / 2), end), [size * 0.16] * 16), colour)
    canvas.disc(*end, size * 0.08, lighter(colour, 0.12))
    if depth:
        for turn in (-0.45, 0.42):
            _branch(
                canvas,
                chance,
                *end,
                size * 0.76,
                angle + turn + float(chance.normal(0, 0.1)),
                depth - 1,
                lighter(colour, 0.05),
            )


def _bubbles(canvas: Canvas, chance: Chance) -> None:
    for _ in range(34):
        x, y = canvas.width * float(chance.random()), canvas.height * float(chance.random())
        radius = canvas.unit * float(chance.uniform(0.003, 0.013))
        canvas.disc(x, y, radius, (0.85, 1.0, 1.0), 0.22)
        canvas.disc(x - radius * 0.3, y - radius * 0.35, radius * 0.28, (1, 1, 1), 0.85)
