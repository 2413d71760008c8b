"""Colours as red, green, blue from 0 to 1, mixed in OKLab so that gradients stay clean between hues."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Ink = tuple[int, int, int, int]

# Björn Ottosson, "A perceptual color space for image processing", 2020.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)
_FROM_LMS_ROWS, _FROM_LAB_ROWS = _FROM_LMS.tolist(), _FROM_LAB.tolist()


def hexed(code: str) -> Colour:
    """``"#ffcc00"`` as a colour."""
    return tuple(int(code[place : place + 2], 16) / 255 for place in (1, 3, 5))  # type: ignore[return-value]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """``share`` 0 gives ``first``, 1 gives ``second``."""
    one, other = _lab(first), _lab(second)
    return _rgb(tuple(a + (b - a) * share for a, b in zip(one, other, strict=True)))


@lru_cache(maxsize=4_096)
def _lab(colour: Colour) -> tuple[float, ...]:
    row = _to_oklab(np.array([colour]))[0]
    return float(row[0]), float(row[1]), float(row[2])


def _rgb(lab: tuple[float, ...]) -> Colour:
    """The same as :func:`_from_oklab` for one colour: plain arithmetic is ten times faster here than arrays."""
    lms = [sum(c * part for c, part in zip(row, lab, strict=True)) ** 3 for row in _FROM_LAB_ROWS]
    linear = (sum(c * part for c, part in zip(row, lms, strict=True)) for row in _FROM_LMS_ROWS)
    red, green, blue = (_gamma(min(max(part, 0.0), 1.0)) for part in linear)
    return red, green, blue


def _gamma(linear: float) -> float:
    return linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def gradient(stops: Sequence[Colour], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours at ``places`` (0 to 1) of a run of evenly spaced stops; shape (len(places), 3)."""
    lab = _to_oklab(np.array(stops))
    at = np.linspace(0, 1, len(stops))
    mixed = np.stack([np.interp(places, at, lab[:, channel]) for channel in range(3)], axis=1)
    return _from_oklab(mixed)


def lighter(colour: Colour, amount: float) -> Colour:
    """Mixed with white; a negative amount mixes with a deep blue-black instead."""
    return mix(colour, (1.0, 1.0, 1.0), amount) if amount >= 0 else mix(colour, (0.03, 0.03, 0.10), -amount)


def ink(colour: Colour, opacity: float = 1.0) -> Ink:
    """The colour for Pillow."""
    red, green, blue = (round(255 * min(max(part, 0.0), 1.0)) for part in colour)
    return red, green, blue, round(255 * min(max(opacity, 0.0), 1.0))


def _to_oklab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = np.clip(((lab @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))
