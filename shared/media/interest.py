"""Where the eye goes first in a picture: a guess from contrast, cheap and the same on every machine.

Centre-surround differences of brightness and colour at two scales, as in the model of Itti, Koch and Niebur
(1998), on a tiny copy; what lies near the middle counts more, because photographers put it there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageFilter

_SIDE = 72
"""Longer side of the copy that is looked at [px]."""
_SCALES = ((0.015, 0.11), (0.04, 0.22))
"""Blurs of centre and surround, as parts of the longer side."""
_CHANNEL_WEIGHTS = (1.0, 1.6, 1.6)
"""Brightness and the two colour differences, whose range is used less."""
_PRIOR = 0.34
"""Width of the preference for the middle (standard deviation, in parts of the sides)."""
_BLOB = 0.07
"""Size of a thing, as a part of the longer side; contrast is summed over it."""
_STANDS_OUT = 2.4
"""How many times the mean a place must have to be one that the eye goes to; the preference alone makes it 1.9."""

_Map = list[float]


def point_of_interest(image: Image.Image) -> tuple[int, int] | None:
    """The place, from the left and upper edge [thousandths of width and height]; None where nothing stands out.

    Args:
        image: RGB.
    """
    small = image.resize(_small(image.size), Image.Resampling.BOX, reducing_gap=1.0)
    contrast = _contrast(small.convert("YCbCr"))
    likely = [value * prior for value, prior in zip(contrast, _prior(small.size), strict=True)]
    weights = _summed(likely, small.size)
    peak, mean = max(weights), sum(weights) / len(weights)
    if peak < max(1.0, _STANDS_OUT * mean):
        return None
    x, y = _centre(weights, small.size, weights.index(peak))
    return round(1000 * x), round(1000 * y)


def _small(size: tuple[int, int]) -> tuple[int, int]:
    scale = _SIDE / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _contrast(image: Image.Image) -> _Map:
    total = [0.0] * (image.width * image.height)
    for channel, weight in zip(image.split(), _CHANNEL_WEIGHTS, strict=True):
        for inner, outer in _SCALES:
            centre, surround = (channel.filter(ImageFilter.GaussianBlur(part * _SIDE)) for part in (inner, outer))
            for place, value in enumerate(ImageChops.difference(centre, surround).tobytes()):
                total[place] += value * weight
    return total


def _prior(size: tuple[int, int]) -> _Map:
    across, down = ([_bell((place + 0.5) / length - 0.5) for place in range(length)] for length in size)
    return [x * y for y in down for x in across]


def _bell(distance: float) -> float:
    return math.exp(-((distance / _PRIOR) ** 2) / 2)


def _summed(values: Sequence[float], size: tuple[int, int]) -> _Map:
    """Each place with its surroundings; 8 bits are enough, scaled to the largest."""
    largest = max(values) or 1.0
    plane = Image.frombytes("L", size, bytes(round(value * 255 / largest) for value in values))
    return [value * largest / 255 for value in plane.filter(ImageFilter.GaussianBlur(_BLOB * _SIDE)).tobytes()]


def _centre(weights: _Map, size: tuple[int, int], peak: int) -> tuple[float, float]:
    """Centre of gravity of what stands out around the peak."""
    width, height = size
    reach, floor = 2 * _BLOB * _SIDE, weights[peak] * 0.6
    near = [
        (weight, place % width, place // width)
        for place, weight in enumerate(weights)
        if weight > floor and math.dist((place % width, place // width), (peak % width, peak // width)) <= reach
    ]
    total = sum(weight for weight, _, _ in near)
    return (
        sum(weight * (x + 0.5) for weight, x, _ in near) / total / width,
        sum(weight * (y + 0.5) for weight, _, y in near) / total / height,
    )
