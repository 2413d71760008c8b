"""Dunes in raking light, with cacti or a far caravan of stones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, hexed, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, curve, hill, ribbon
from services.content.providers.offline.painting.sky import birds, clouds, stars, sunlight

_SAND, _RUST = hexed("#f2b66d"), hexed("#a64b2a")


def paint_desert(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """Mesas at the horizon, five dunes each with a lit and a shadowed side."""
    horizon = canvas.height * float(chance.uniform(0.50, 0.58))
    is_night = max(palette.sky[0]) < 0.2
    sun = Light(
        x=canvas.width * float(chance.uniform(0.25, 0.75)),
        y=horizon * float(chance.uniform(0.50, 0.80)),
        radius=canvas.unit * 0.085,
    )
    canvas.sky((*palette.sky, palette.haze), bottom=horizon * 1.15)
    if is_night:
        stars(canvas, chance, bottom=horizon, count=320)
    sunlight(canvas, palette, sun)
    clouds(canvas, palette, chance, top=horizon * 0.12, bottom=horizon * 0.5, count=2)
    _mesas(canvas, palette, chance, horizon)
    birds(canvas, chance, palette.near, x=sun.x, y=sun.y - canvas.unit * 0.1, count=4)
    lee = 1 if sun.x < canvas.width / 2 else -1
    dusk = 0.6 if is_night else 0.08
    for step in range(5):
        share = step / 4
        sand = mix(mix(_SAND, palette.haze, 0.45 * (1 - share)), palette.near, dusk + 0.08 * share)
        shadow = mix(_RUST, palette.near, 0.25 + dusk * 0.5)
        base = horizon + (canvas.height - horizon) * (0.02 + 0.20 * step)
        _dune(canvas, chance, base, (sand, shadow), share, lee)
    canvas.glow(Light(x=sun.x, y=horizon, radius=canvas.unit * 0.9), palette.glow, 0.35)
    _cacti(canvas, palette, chance)


def _mesas(canvas: Canvas, palette: Palette, chance: Chance, horizon: float) -> None:
    for share in (0.2, 0.7):
        points: list[Point] = [(-2, horizon * 1.08)]
        x = 0.0
        while x < canvas.width:
            gap, wide = (
                canvas.unit * float(chance.uniform(0.08, 0.5)),
                canvas.unit * float(chance.uniform(0.10, 0.34)),
            )
            tall = canvas.unit * float(chance.uniform(0.05, 0.15)) * (1.2 - 0.5 * share)
            slope = tall * 0.35
            points += [
                (x + gap, horizon * 1.02),
                (x + gap + slope, horizon - tall),
                (x + gap + slope + wide, horizon - tall * 0.96),
                (x + gap + 2 * slope + wide, horizon * 1.02),
            ]
            x += gap + wide + 2 * slope
        colour = mix(mix(palette.haze, _RUST, 0.4), mix(palette.near, _RUST, 0.4), share)
        canvas.shaded([*points, (canvas.width + 2, horizon * 1.08)], (colour, mix(colour, palette.haze, 0.6)))


def _dune(
    canvas: Canvas, chance: Chance, base: float, colours: tuple[Colour, Colour], share: float, lee: int
) -> None:
    """A smooth crest; behind each peak the side away from the sun (``lee`` 1 right, -1 left) lies in shadow."""
    sand, shadow = colours
    height = canvas.unit * (0.035 + 0.075 * share)
    ridge = hill(
        chance, canvas.width, base, height, canvas.height, bumps=1.8 + 1.6 * (1 - share), octaves=2, roughness=0.25
    )
    canvas.shaded(ridge, (lighter(sand, 0.16), sand, mix(sand, shadow, 0.6)), reach=canvas.unit * 0.16)
    line = ridge[:-2]
    rows = np.array([y for _, y in line])
    for peak in range(len(line)):
        if rows[peak] == rows[max(peak - 10, 0) : peak + 11].min():
            _lee_side(canvas, line, rows, peak, lee, (mix(sand, shadow, 0.62), mix(sand, shadow, 0.30)))


def _lee_side(
    canvas: Canvas,
    line: list[Point],
    rows: NDArray[np.float64],
    peak: int,
    lee: int,
    colours: tuple[Colour, Colour],
) -> None:
    """From the peak down along the crest to the valley, and back in a long soft curve."""
    valley = peak
    while 0 < valley < len(rows) - 1 and rows[valley + lee] >= rows[valley]:
        valley += lee
    if abs(valley - peak) < 12:
        return
    top, low = line[peak], line[valley]
    reach = abs(low[0] - top[0])
    foot = (top[0] + lee * reach * 0.22, low[1] + reach * 0.16)
    crest = line[peak : valley + 1] if lee > 0 else line[valley : peak + 1][::-1]
    back = curve(low, (low[0] - lee * reach * 0.35, low[1] + reach * 0.05), foot, 20)
    edge = curve(foot, (top[0] - lee * reach * 0.02, (top[1] + foot[1]) / 2), top, 20)
    canvas.shaded([*crest, *back, *edge], colours, 0.9)


def _cacti(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    green = mix(palette.meadow[2], palette.shade, 0.55)
    for side in (-1, 1):
        x = canvas.width * (0.5 + side * float(chance.uniform(0.28, 0.42)))
        foot = canvas.height * float(chance.uniform(0.90, 0.99))
        size = canvas.unit * float(chance.uniform(0.20, 0.34))
        _cactus(canvas, x, foot, size, green)


def _cactus(canvas: Canvas, x: float, foot: float, size: float, green: Colour) -> None:
    thick = size * 0.15
    limbs = [[(x, foot), (x, foot - size * 0.5), (x, foot - size)]]
    for side, low, high in ((-1, 0.42, 0.78), (1, 0.30, 0.62)):
        limbs.append(
            [
                *curve(
                    (x, foot - size * low),
                    (x + side * size * 0.26, foot - size * low),
                    (x + side * size * 0.26, foot - size * high),
                    12,
                )
            ]
        )
    for index, limb in enumerate(limbs):
        width = thick if index == 0 else thick * 0.72
        canvas.shape(ribbon(limb, [width] * len(limb)), green)
        canvas.disc(*limb[-1], width / 2, green)
        light = [(a - width * 0.24, b) for a, b in limb]
        canvas.shape(ribbon(light, [width * 0.14] * len(limb)), lighter(green, 0.25))
        canvas.disc(limb[-1][0], limb[-1][1] - width * 0.5, width * 0.24, hexed("#ff8fab"))
