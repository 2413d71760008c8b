"""Inside a forest: trunks fading into mist, shafts of light, ferns in front."""

from __future__ import annotations

import numpy as np

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, lighter, mix
from services.content.providers.offline.painting.flora import grass
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, curve, hill, oval, petal, ribbon
from services.content.providers.offline.painting.trees import conifer


def paint_forest(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Six rows of trees from light to dark, a clearing in the middle, and a path into it."""
    ground = canvas.height * 0.74
    light = Light(
        x=canvas.width * float(chance.uniform(0.35, 0.65)), y=canvas.height * 0.30, radius=canvas.unit * 1.1
    )
    bright = mix(palette.sky[-1], palette.haze, 0.5)
    canvas.sky((mix(palette.sky[1], palette.meadow[1], 0.35), bright, lighter(bright, 0.25)), bottom=ground * 1.05)
    canvas.glow(light, palette.glow, 0.6)
    for row in range(6):
        share = row / 5
        _row(canvas, palette, chance, share, ground + canvas.unit * 0.05 * row)
        canvas.veil(
            palette.haze,
            (0, 0.30 * (1 - share), 0),
            top=ground - canvas.unit * 0.25,
            bottom=ground + canvas.unit * 0.10,
        )
        if row == 3:
            _shafts(canvas, palette, chance, light)
    _path(canvas, palette, ground)
    _floor(canvas, palette, chance)


def _tone(palette: Palette, share: float) -> Colour:
    return mix(mix(palette.haze, palette.meadow[1], 0.35), mix(palette.near, palette.shade, 0.75), share**0.85)


def _row(canvas: Canvas, palette: Palette, chance: Chance, share: float, foot: float) -> None:
    colour = _tone(palette, share)
    ridge = hill(chance, canvas.width, foot, canvas.unit * 0.02, canvas.height, bumps=3, octaves=2)
    canvas.shaded(ridge, (lighter(colour, 0.06), mix(colour, palette.shade, 0.25 * share)))
    count = round((13 - 8 * share) * max(canvas.width / canvas.unit, 1.0))
    for index in range(count):
        x = canvas.width * (index + float(chance.uniform(0.1, 0.9))) / count
        middle = 1 - abs(x / canvas.width - 0.5) * 2
        if middle > 0.95 - 0.55 * share:
            continue
        if chance.random() < 0.45:
            conifer(
                canvas,
                x,
                foot + canvas.unit * 0.01,
                canvas.unit * float(chance.uniform(0.28, 0.5)) * (0.7 + share),
                colour,
                chance,
            )
        else:
            _trunk(canvas, chance, x, foot, share, colour)


def _trunk(canvas: Canvas, chance: Chance, x: float, foot: float, share: float, colour: Colour) -> None:
    width = canvas.unit * (0.016 + 0.050 * share) * float(chance.uniform(0.7, 1.2))
    lean = canvas.unit * float(chance.normal(0, 0.02))
    spine = curve((x, foot + width * 0.3), (x + lean, foot * 0.5), (x + lean * 0.6, -canvas.unit * 0.05), 20)
    canvas.shape(
        ribbon(spine, [width * (1.25 - 0.5 * min(step / 5, 1) - 0.012 * step) for step in range(20)]), colour
    )
    edge = [(a - width * 0.26, b) for a, b in spine]
    canvas.shape(ribbon(edge, [width * 0.14] * 20), lighter(colour, 0.13))
    for _ in range(2):
        y = foot * float(chance.uniform(0.12, 0.6))
        side = 1 if chance.random() < 0.5 else -1
        bough = curve(
            (x + lean * 0.6, y),
            (x + side * width * 2.2, y - width * 0.4),
            (x + side * width * 4.5, y - width * 2.2),
        )
        canvas.shape(ribbon(bough, [width * (0.24 - 0.013 * step) for step in range(16)]), colour)


def _shafts(canvas: Canvas, palette: Palette, chance: Chance, light: Light) -> None:
    """Slanting beams, painted as a small map of light."""
    width, height = 160, max(round(160 * canvas.height / canvas.width), 8)
    ys, xs = np.mgrid[0:height, 0:width].astype(float)
    source = light.x / canvas.width * width
    slant = (xs - source - 6) / (ys + height * 0.35)
    beams = np.zeros((height, width))
    for _ in range(9):
        centre, spread = float(chance.uniform(-0.75, 0.75)), float(chance.uniform(0.015, 0.05))
        beams += np.exp(-(((slant - centre) / spread) ** 2)) * float(chance.uniform(0.3, 1.0))
    fade = np.clip(1.15 - ys / height * 1.15, 0, 1)
    canvas.light_map((beams * fade * 0.30)[:, :, None] * np.array(palette.sun))


def _path(canvas: Canvas, palette: Palette, ground: float) -> None:
    """A pale track that winds towards the clearing."""
    middle, bottom = canvas.width * 0.5, canvas.height * 1.05
    spine = curve(
        (middle - canvas.unit * 0.16, bottom),
        (middle + canvas.unit * 0.20, (ground + bottom) / 2),
        (middle, ground - canvas.unit * 0.01),
        24,
    )
    widths = [canvas.unit * (0.36 * (1 - step / 24) ** 1.6 + 0.012) for step in range(24)]
    colour = mix(palette.haze, palette.meadow[0], 0.45)
    canvas.shaded(ribbon(spine, widths), (lighter(colour, 0.2), mix(colour, palette.shade, 0.45)), 0.75)


def _floor(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Ferns, grass and a few glowing specks."""
    bottom = canvas.height * 1.03
    green = mix(palette.meadow[2], palette.shade, 0.35)
    grass(
        canvas,
        chance,
        width=canvas.width,
        base=bottom,
        height=canvas.unit * 0.12,
        count=240,
        colours=(green, palette.shade),
    )
    for _ in range(12):
        side = 1 if chance.random() < 0.5 else -1
        x = canvas.width * (0.5 + side * float(chance.uniform(0.16, 0.55)))
        _fern(
            canvas,
            chance,
            x,
            bottom,
            canvas.unit * float(chance.uniform(0.14, 0.26)),
            lighter(green, float(chance.uniform(-0.1, 0.14))),
        )
    for _ in range(26):
        x, y = float(chance.random()) * canvas.width, canvas.height * float(chance.uniform(0.35, 0.92))
        canvas.disc(
            x, y, canvas.unit * float(chance.uniform(0.0012, 0.003)), palette.sun, float(chance.uniform(0.3, 0.9))
        )


def _fern(canvas: Canvas, chance: Chance, x: float, y: float, size: float, colour: Colour) -> None:
    for lean in (-0.8, -0.4, 0.0, 0.4, 0.8):
        tip = (x + lean * size + float(chance.normal(0, size * 0.05)), y - size * (1.0 - 0.35 * abs(lean)))
        spine = curve((x, y), (x + lean * size * 0.2, y - size * 0.7), tip, 12)
        canvas.shape(ribbon(spine, [size * 0.02] * 12), colour)
        for step in range(3, 12):
            px, py = spine[step]
            reach = size * 0.24 * (1.05 - step / 12)
            for side in (-1, 1):
                canvas.shape(
                    petal(px, py, -1.57 + lean * 0.7 + side * 1.15, reach, reach * 0.36),
                    lighter(colour, 0.05 * side),
                )
    canvas.shape(oval(x, y, size * 0.05, size * 0.05), colour)
