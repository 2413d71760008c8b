"""A friendly flat bee, drawn large on a sheet of its own and stamped on the canvas."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from services.content.providers.offline.painting.canvas import Canvas
from services.content.providers.offline.painting.colour import Colour, hexed, ink, lighter
from services.content.providers.offline.painting.shapes import Chance, Point, curve, oval, petal, ribbon
from services.content.providers.offline.seeds import generator

_SIDE = 1_200
_BODY = 430.0
_GOLD, _AMBER, _BROWN = hexed("#ffc531"), hexed("#f39a1f"), hexed("#3a2418")
_FUZZ, _WING, _POLLEN = hexed("#f0ae3c"), hexed("#e9f6ff"), hexed("#ff8f1f")


def bee(canvas: Canvas, x: float, y: float, size: float, angle: float = 0.0, *, faces_left: bool = False) -> None:
    """A bee of body length ``size`` with its middle at (x, y), turned by ``angle`` [radians, up is positive]."""
    sprite = _bee_sprite()
    if faces_left:
        sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    side = max(round(size * _SIDE / (2.1 * _BODY)), 8)
    turned = sprite.resize((side * 2, side * 2), Image.Resampling.LANCZOS, reducing_gap=2.0)
    turned = turned.rotate(math.degrees(-angle if faces_left else angle), Image.Resampling.BICUBIC)
    canvas.stamp(turned.resize((side, side), Image.Resampling.LANCZOS), x, y)


def trail(canvas: Canvas, spine: list[Point], colour: Colour, dot: float, opacity: float = 0.8) -> None:
    """The dotted path a bee has flown, fading backwards along ``spine`` (its end is at the bee)."""
    points = np.array(spine)
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    for place in np.arange(dot * 6, lengths[-1] - dot * 4, dot * 4.6):
        x, y = (float(np.interp(place, lengths, points[:, axis])) for axis in (0, 1))
        share = place / lengths[-1]
        canvas.disc(x, y, dot * (0.55 + 0.45 * share), colour, opacity * share)


@cache
def _bee_sprite() -> Image.Image:
    sheet = Image.new("RGBA", (_SIDE, _SIDE))
    pen = ImageDraw.Draw(sheet)
    chance = generator("bee")
    _wings(sheet, behind=True)
    _legs(pen)
    _abdomen(sheet)
    _thorax(pen, chance)
    _head(pen)
    _wings(sheet, behind=False)
    return sheet


def _at(x: float, y: float) -> Point:
    return _SIDE / 2 + x * _BODY, _SIDE / 2 + 60 + y * _BODY


def _scaled(points: list[Point]) -> list[Point]:
    return [_at(x, y) for x, y in points]


def _abdomen(sheet: Image.Image) -> None:
    outline = _scaled(_belly())
    mask = Image.new("L", sheet.size)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    fill = Image.new("RGB", sheet.size, ink(_GOLD)[:3])
    pen = ImageDraw.Draw(fill, "RGBA")
    for place, width in ((-0.22, 0.13), (-0.47, 0.13), (-0.70, 0.11), (-0.90, 0.16)):
        band = ribbon(
            _scaled(curve((place + 0.03, -0.5), (place - 0.07, 0.05), (place + 0.04, 0.6))), [width * _BODY] * 16
        )
        pen.polygon(band, fill=ink(_BROWN))
    shadow = Image.new("L", sheet.size)
    ImageDraw.Draw(shadow).polygon(_scaled(oval(-0.40, 0.44, 0.62, 0.28, 0.16)), fill=110)
    fill.paste(ink(hexed("#7a3b12"))[:3], (0, 0), shadow.filter(ImageFilter.GaussianBlur(36)))
    shine = Image.new("L", sheet.size)
    ImageDraw.Draw(shine).polygon(_scaled(oval(-0.40, -0.20, 0.36, 0.08, 0.08)), fill=150)
    fill.paste((255, 246, 214), (0, 0), shine.filter(ImageFilter.GaussianBlur(20)))
    sheet.paste(fill, (0, 0), mask)


def _belly() -> list[Point]:
    """Round in front, narrowing to a soft tip behind."""
    share = np.linspace(0, 1, 40)
    xs = 0.10 - 1.06 * share
    half = 0.36 * np.sin(np.pi * share**0.72) ** 0.62
    upper = list(zip(xs.tolist(), (0.05 + 0.10 * share - half).tolist(), strict=True))
    lower = list(zip(xs.tolist(), (0.05 + 0.10 * share + half * 0.95).tolist(), strict=True))
    return [*upper, *reversed(lower)]


def _thorax(pen: ImageDraw.ImageDraw, chance: Chance) -> None:
    for _ in range(420):
        turn = chance.uniform(0, 2 * math.pi)
        reach = 0.25 + chance.uniform(-0.02, 0.035)
        tip = (0.12 + reach * math.cos(turn), 0.0 + reach * 1.02 * math.sin(turn))
        root = (0.12 + 0.14 * math.cos(turn), 0.14 * math.sin(turn))
        shade = lighter(_FUZZ, float(chance.uniform(-0.25, 0.35)))
        pen.polygon(ribbon([_at(*root), _at(*tip)], [26, 2]), fill=ink(shade))
    pen.polygon(_scaled(oval(0.12, 0.0, 0.215, 0.22)), fill=ink(_FUZZ))
    for _ in range(260):
        turn, reach = chance.uniform(0, 2 * math.pi), 0.20 * math.sqrt(chance.random())
        root = (0.12 + reach * math.cos(turn), reach * math.sin(turn))
        tip = (root[0] - 0.03, root[1] + 0.03)
        light = -0.18 if root[1] > 0.04 else 0.25
        pen.line(
            [_at(*root), _at(*tip)], fill=ink(lighter(_FUZZ, light + float(chance.uniform(-0.1, 0.1)))), width=5
        )


def _head(pen: ImageDraw.ImageDraw) -> None:
    for bend, tip in (((0.56, -0.34), (0.76, -0.36)), ((0.62, -0.20), (0.84, -0.20))):
        pen.polygon(ribbon(_scaled(curve((0.46, -0.10), bend, tip)), [15] * 16), fill=ink(_BROWN))
        pen.ellipse((*_at(tip[0] - 0.035, tip[1] - 0.035), *_at(tip[0] + 0.035, tip[1] + 0.035)), fill=ink(_BROWN))
    pen.polygon(_scaled(oval(0.44, 0.03, 0.165, 0.185, 0.1)), fill=ink(_BROWN))
    pen.polygon(_scaled(oval(0.40, -0.07, 0.10, 0.06, -0.3)), fill=ink(lighter(_BROWN, 0.16)))
    pen.polygon(_scaled(oval(0.495, 0.005, 0.072, 0.102, 0.1)), fill=ink(hexed("#0e0a0a")))
    pen.polygon(_scaled(oval(0.515, -0.035, 0.026, 0.034)), fill=(255, 255, 255, 255))
    pen.polygon(_scaled(oval(0.475, 0.045, 0.013, 0.016)), fill=(255, 255, 255, 190))
    pen.polygon(_scaled(oval(0.40, 0.12, 0.045, 0.028)), fill=ink(hexed("#ff9d7a"), 0.75))


def _legs(pen: ImageDraw.ImageDraw) -> None:
    for root, knee, foot in (
        ((0.24, 0.18), (0.36, 0.30), (0.30, 0.42)),
        ((0.10, 0.22), (0.16, 0.38), (0.06, 0.47)),
        ((-0.06, 0.22), (-0.06, 0.42), (-0.20, 0.50)),
    ):
        pen.polygon(ribbon(_scaled(curve(root, knee, foot)), [22 - i * 0.7 for i in range(16)]), fill=ink(_BROWN))
    pen.polygon(_scaled(oval(-0.10, 0.42, 0.085, 0.065, 0.6)), fill=ink(_POLLEN))
    pen.polygon(_scaled(oval(-0.12, 0.40, 0.035, 0.022, 0.6)), fill=ink(lighter(_POLLEN, 0.45)))


def _wings(sheet: Image.Image, *, behind: bool) -> None:
    pairs = ((0.05, -0.18, -1.05, 0.80, 0.34), (-0.03, -0.16, -0.62, 0.56, 0.26))
    for root_x, root_y, lean, length, width in pairs:
        shift, turn = (0.10, 0.34) if behind else (0.0, 0.0)
        wing = petal(
            root_x + shift, root_y, -math.pi / 2 + lean * 0.55 + turn, length, width, fullness=0.68, point=0.5
        )
        _glass(sheet, _scaled(wing), 0.55 if behind else 0.72)
        if not behind:
            _veins(sheet, (root_x, root_y), -math.pi / 2 + lean * 0.55, length)


def _glass(sheet: Image.Image, outline: list[Point], opacity: float) -> None:
    over = Image.new("RGBA", sheet.size, (*ink(_WING)[:3], 0))
    pen = ImageDraw.Draw(over)
    pen.polygon(outline, fill=ink(_WING, opacity))
    pen.line([*outline, outline[0]], fill=ink(hexed("#ffffff"), 0.95), width=7, joint="curve")
    sheet.alpha_composite(over)


def _veins(sheet: Image.Image, root: Point, angle: float, length: float) -> None:
    over = Image.new("RGBA", sheet.size, (255, 255, 255, 0))
    pen = ImageDraw.Draw(over)
    for spread, reach in ((-0.13, 0.78), (0.02, 0.88), (0.15, 0.74)):
        end = (
            root[0] + length * reach * math.cos(angle + spread),
            root[1] + length * reach * math.sin(angle + spread),
        )
        middle = ((root[0] + end[0]) / 2 + spread * 0.15, (root[1] + end[1]) / 2)
        pen.line(_scaled(curve(root, middle, end)), fill=ink(hexed("#b9dcf2"), 0.75), width=5)
    sheet.alpha_composite(over)
