"""Planets, rings and nebulae among stars."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from services.content.providers.offline.painting.canvas import Canvas, Light
from services.content.providers.offline.painting.colour import Colour, gradient, hexed, ink, lighter, mix
from services.content.providers.offline.painting.palettes import Palette
from services.content.providers.offline.painting.shapes import Chance, Point, wander
from services.content.providers.offline.painting.sky import stars

_DARK = (hexed("#070616"), hexed("#100a33"), hexed("#1a0f45"), hexed("#0a0a26"))
_CLOUDS = (
    (hexed("#ff4f9a"), hexed("#5b5bff"), hexed("#18c8ff")),
    (hexed("#ff8a3d"), hexed("#d13bff"), hexed("#3b5bff")),
    (hexed("#2ee6c5"), hexed("#3b6bff"), hexed("#a03bff")),
)
_WORLDS = (
    ("#ffd9a0", "#e8935a", "#a8502f"),
    ("#bfe9ff", "#4f9fe0", "#1d4fa0"),
    ("#ffd0e4", "#c46bd0", "#5a2f9a"),
    ("#d8ffd0", "#4fc09a", "#1a6a72"),
)


def paint_space(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    """A nebula across the sky, one large banded planet, often with a ring, and a moon."""
    canvas.sky(_DARK)
    _nebula(canvas, chance, _CLOUDS[int(chance.integers(len(_CLOUDS)))])
    stars(canvas, chance, bottom=canvas.height, count=round(420 * canvas.width * canvas.height / canvas.unit**2))
    side = 1 if chance.random() < 0.5 else -1
    x, y = canvas.width * (0.5 + 0.16 * side), canvas.height * float(chance.uniform(0.44, 0.56))
    radius = canvas.unit * float(chance.uniform(0.20, 0.27))
    world = _WORLDS[int(chance.integers(len(_WORLDS)))]
    _planet(canvas, chance, Light(x=x, y=y, radius=radius), world, has_ring=chance.random() < 0.6)
    moon = Light(
        x=x - side * canvas.unit * 0.52,
        y=y - canvas.unit * float(chance.uniform(-0.22, 0.26)),
        radius=canvas.unit * 0.055,
    )
    _planet(canvas, chance, moon, _WORLDS[int(chance.integers(len(_WORLDS)))], has_ring=False)
    _comet(canvas, palette, chance)


def _field(chance: Chance, rows: int, columns: int, cells: int) -> NDArray[np.float64]:
    """Smooth noise from 0 to 1, enlarged from a few random values."""
    total, weight = np.zeros((rows, columns)), 1.0
    for octave in range(5):
        side = cells * 2**octave
        small = Image.fromarray((chance.random((side, side)) * 255).astype(np.uint8))
        total += weight * np.asarray(small.resize((columns, rows), Image.Resampling.BICUBIC), float) / 255
        weight *= 0.55
    return np.asarray((total - total.min()) / (total.max() - total.min()))


def _nebula(canvas: Canvas, chance: Chance, colours: tuple[Colour, ...]) -> None:
    columns = 240
    rows = max(round(columns * canvas.height / canvas.width), 8)
    ys, xs = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    angle = float(chance.uniform(-0.6, 0.6))
    across = (xs - xs.mean()) * math.sin(angle) + (ys - ys.mean()) * math.cos(angle)
    band = np.exp(-(((across + 0.16 * (_field(chance, rows, columns, 3) - 0.5)) / 0.17) ** 2))
    dust = _field(chance, rows, columns, 4)
    hue = np.clip(_field(chance, rows, columns, 2) * 1.3 - 0.15, 0, 1)
    tint = gradient(colours, hue.ravel()).reshape(rows, columns, 3)
    canvas.light_map(tint * (band * np.clip(dust * 1.5 - 0.35, 0, 1) ** 1.3)[:, :, None] * 0.85)


def _planet(canvas: Canvas, chance: Chance, disc: Light, codes: tuple[str, str, str], *, has_ring: bool) -> None:
    light, middle, dark = (hexed(code) for code in codes)
    canvas.glow(Light(x=disc.x, y=disc.y, radius=disc.radius * 1.9), middle, 0.45, falloff=2.6)
    ring = (
        _ring_sprite(disc.radius, mix(light, middle, 0.4), float(chance.uniform(-0.35, -0.15)))
        if has_ring
        else None
    )
    if ring is not None:
        _half_ring(canvas, ring, disc, upper=True)
    canvas.stamp(_globe(chance, disc.radius, (light, middle, dark)), disc.x, disc.y)
    if ring is not None:
        _half_ring(canvas, ring, disc, upper=False)


def _globe(chance: Chance, radius: float, colours: tuple[Colour, Colour, Colour]) -> Image.Image:
    """A ball with cloud bands, lit from the upper left; worked out at half size."""
    side = max(round(radius), 8)
    ys, xs = np.mgrid[0:side, 0:side] / (side / 2) - 1 + 1 / side
    depth = np.sqrt(np.clip(1 - xs**2 - ys**2, 0, 1))
    tilt = ys * 0.95 - xs * 0.28
    line = wander(chance, 512, bumps=7, octaves=4, roughness=0.6)
    swirl = wander(chance, 512, bumps=9, octaves=3) * 0.05
    place = np.clip((tilt + np.interp(xs, np.linspace(-1, 1, 512), swirl) + 1.1) / 2.2 * 511, 0, 511)
    bands = np.clip(np.interp(place, np.arange(512), line) * 0.9 + 0.5, 0, 1)
    skin = gradient((colours[0], colours[1], lighter(colours[1], 0.15), colours[2]), bands.ravel()).reshape(
        side, side, 3
    )
    sun = np.clip(-0.62 * xs - 0.50 * ys + 0.60 * depth, 0, 1)
    shade = 0.06 + 1.02 * sun**0.8
    rim = np.clip(1 - depth, 0, 1) ** 3 * np.clip(sun + 0.15, 0, 1)
    pixels = np.clip(skin * shade[:, :, None] + rim[:, :, None] * np.array(colours[0]) * 0.7, 0, 1)
    alpha = np.clip((1 - np.sqrt(xs**2 + ys**2)) * side / 2, 0, 1)
    ball = Image.fromarray((np.dstack([pixels, alpha]) * 255).astype(np.uint8), "RGBA")
    return ball.resize((2 * side, 2 * side), Image.Resampling.BICUBIC)


def _ring_sprite(radius: float, colour: Colour, tilt: float) -> Image.Image:
    side = round(radius * 5)
    sheet = Image.new("RGBA", (side, side), (*ink(colour)[:3], 0))
    pen = ImageDraw.Draw(sheet)
    for step in range(26):
        reach = radius * (1.36 + 0.036 * step)
        opacity = (
            (0.62, 0.45, 0.75, 0.30, 0.55)[step % 5] * (1 - 0.4 * step / 26) * (0.12 if step in (14, 15) else 1.0)
        )
        box = (side / 2 - reach, side / 2 - reach * 0.26, side / 2 + reach, side / 2 + reach * 0.26)
        tone = lighter(colour, 0.25 - 0.02 * step)
        pen.ellipse(box, outline=ink(tone, opacity), width=max(round(radius * 0.030), 2))
    soft = sheet.filter(ImageFilter.GaussianBlur(1.2))
    return soft.rotate(math.degrees(-tilt), Image.Resampling.BICUBIC)


def _half_ring(canvas: Canvas, ring: Image.Image, disc: Light, *, upper: bool) -> None:
    """The part of the ring behind (upper) or in front of (lower) the planet, cut along its own slant."""
    side = ring.width
    mask = Image.new("L", ring.size)
    slope = math.tan(-0.25)
    left, right = side / 2 + slope * side / 2, side / 2 - slope * side / 2
    edge = 0 if upper else side
    cut: list[Point] = [(0, left), (side, right), (side, edge), (0, edge)]
    ImageDraw.Draw(mask).polygon(cut, fill=255)
    half = ring.copy()
    half.putalpha(Image.composite(ring.getchannel("A"), Image.new("L", ring.size), mask))
    canvas.stamp(half, disc.x, disc.y)


def _comet(canvas: Canvas, palette: Palette, chance: Chance) -> None:
    x, y = canvas.width * float(chance.uniform(0.1, 0.35)), canvas.height * float(chance.uniform(0.08, 0.25))
    length = canvas.unit * float(chance.uniform(0.14, 0.22))
    canvas.shape([(x, y - 3), (x, y + 3), (x + length, y - length * 0.42)], palette.glow, 0.45)
    canvas.disc(x, y, canvas.unit * 0.004, (1, 1, 1))
    canvas.glow(Light(x=x, y=y, radius=canvas.unit * 0.035), (0.8, 0.9, 1.0), 0.8)
