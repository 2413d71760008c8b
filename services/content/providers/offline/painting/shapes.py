"""Outlines: hills, petals, blades, smooth blobs; points in pixels, made by arithmetic and a generator only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Chance = np.random.Generator


def wander(
    chance: Chance, count: int, *, bumps: float, octaves: int = 4, roughness: float = 0.5
) -> NDArray[np.float64]:
    """A random line of ``count`` values from about -1 to 1 with ``bumps`` waves, finer ones laid over it."""
    places = np.linspace(0, 1, count)
    line = np.zeros(count)
    weight = total = 1.0
    for octave in range(octaves):
        line += weight * _smooth_noise(chance, places * bumps * 2**octave)
        total += weight if octave else 0.0
        weight *= roughness
    return line / total


def _smooth_noise(chance: Chance, places: NDArray[np.float64]) -> NDArray[np.float64]:
    knots = chance.uniform(-1, 1, int(places.max()) + 3)
    whole = places.astype(int)
    part = places - whole
    ease = part * part * (3 - 2 * part)
    return np.asarray(knots[whole] * (1 - ease) + knots[whole + 1] * ease)


def hill(
    chance: Chance,
    width: float,
    base: float,
    height: float,
    bottom: float,
    *,
    bumps: float,
    octaves: int = 4,
    roughness: float = 0.5,
) -> list[Point]:
    """A ridge across the picture around row ``base``, closed along row ``bottom``."""
    count = 240
    xs = np.linspace(-2, width + 2, count)
    ys = base - height * wander(chance, count, bumps=bumps, octaves=octaves, roughness=roughness)
    return [*zip(xs.tolist(), ys.tolist(), strict=True), (width + 2, bottom), (-2, bottom)]


def row_at(ridge: Sequence[Point], x: float) -> float:
    """Height of a ridge made by :func:`hill` above column ``x``."""
    line = ridge[:-2]
    share = (x - line[0][0]) / (line[-1][0] - line[0][0])
    return line[min(max(round(share * (len(line) - 1)), 0), len(line) - 1)][1]


def petal(
    x: float,
    y: float,
    angle: float,
    length: float,
    width: float,
    *,
    fullness: float = 0.62,
    notch: float = 0.0,
    point: float = 0.8,
) -> list[Point]:
    """A petal from (x, y) in the direction ``angle`` [radians].

    Args:
        fullness: Where it is widest, as a share of its length.
        notch: How deep its tip is cut in, as a share of its length.
        point: 0.4 is a round tip, 1 a sharp one.
    """
    count = 18
    along = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, count))
    power = math.log(0.5) / math.log(fullness)
    half = np.sin(np.pi * along**power) ** point * width / 2
    reach = along * length
    side = list(zip(reach, half, strict=True))
    tip = [(length * (1 - notch), 0.0)] if notch else []
    outline = [*side, *tip, *((a, -b) for a, b in reversed(side))]
    return turned(outline, x, y, angle)


def turned(points: Sequence[Point], x: float, y: float, angle: float) -> list[Point]:
    """Points turned by ``angle`` and moved to (x, y)."""
    cos, sin = math.cos(angle), math.sin(angle)
    return [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in points]


def oval(x: float, y: float, across: float, down: float, angle: float = 0.0, count: int = 40) -> list[Point]:
    """An ellipse with half axes ``across`` and ``down``."""
    steps = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return turned(list(zip(across * np.cos(steps), down * np.sin(steps), strict=True)), x, y, angle)


_BLADE_STEPS = tuple(step / 6 for step in range(7))
_BLADE_HALF = tuple(0.5 * (1 - step) ** 0.8 for step in _BLADE_STEPS)


def blade(x: float, y: float, height: float, width: float, lean: float) -> list[Point]:
    """A blade of grass or a stem tip: wide below, pointed above, bent sideways by ``lean``."""
    places = [
        (x + lean * step * step, y - height * step, width * half)
        for step, half in zip(_BLADE_STEPS, _BLADE_HALF, strict=True)
    ]
    return [*((a - half, b) for a, b, half in places), *((a + half, b) for a, b, half in reversed(places))]


def ribbon(spine: Sequence[Point], widths: Sequence[float]) -> list[Point]:
    """A band along ``spine`` with the given full widths."""
    points = np.array(spine)
    slopes = np.gradient(points, axis=0)
    normals = np.stack([-slopes[:, 1], slopes[:, 0]], axis=1)
    normals /= np.maximum(np.hypot(normals[:, 0], normals[:, 1]), 1e-9)[:, None]
    half = np.array(widths)[:, None] / 2
    left, right = points + normals * half, points - normals * half
    return [(float(a), float(b)) for a, b in [*left, *right[::-1]]]


def curve(start: Point, bend: Point, end: Point, count: int = 16) -> list[Point]:
    """A quadratic Bézier curve."""
    steps = np.linspace(0, 1, count)[:, None]
    points = (
        (1 - steps) ** 2 * np.array(start) + 2 * steps * (1 - steps) * np.array(bend) + steps**2 * np.array(end)
    )
    return [(float(a), float(b)) for a, b in points]


def blob(
    chance: Chance, x: float, y: float, radius: float, *, wobble: float = 0.2, count: int = 60
) -> list[Point]:
    """A round shape with soft irregularities."""
    steps = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radii = np.full(count, radius)
    for wave in (2, 3, 5):
        radii += radius * wobble / wave * np.sin(wave * steps + chance.uniform(0, 2 * np.pi))
    return list(zip((x + radii * np.cos(steps)).tolist(), (y + radii * np.sin(steps)).tolist(), strict=True))
