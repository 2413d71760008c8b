"""Pictures that are as hard to encode as photographs: sky, clouds, sun, ridges in fog, texture, and film grain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_Map = NDArray[np.float32]

# Light of a morning, a clear day, an evening, a forest [RGB]: overhead and at the horizon.
_LIGHT = (
    ((60, 40, 110), (255, 196, 120)),
    ((30, 80, 140), (150, 220, 255)),
    ((40, 30, 80), (255, 150, 170)),
    ((10, 70, 80), (180, 255, 210)),
)
_RIDGES = 5
_GRAIN = 3.0


def landscape(seed: int, width: int = 1536, height: int = 1024) -> NDArray[np.uint8]:
    """One picture (height, width, RGB); equal seeds give equal pictures."""
    random = np.random.default_rng(seed)
    overhead, horizon = (np.array(colour, np.float32) for colour in _LIGHT[seed % len(_LIGHT)])
    picture = _sky(random, width, height, overhead, horizon)
    for ridge in range(_RIDGES):
        picture = _with_ridge(random, picture, ridge, overhead, horizon)
    picture += random.standard_normal((height, width, 1)).astype(np.float32) * _GRAIN
    return np.clip(picture, 0, 255).astype(np.uint8)


def _sky(random: np.random.Generator, width: int, height: int, overhead: _Map, horizon: _Map) -> _Map:
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky = overhead * (1 - down) + horizon * down + np.zeros((height, width, 3), np.float32)
    clouds = np.clip((_fractal(random, width, height, 7, 3, 0.55) - 0.45) * 2.2, 0, 1)[..., None] * (1 - down)
    sky += (255 - sky) * 0.6 * clouds
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot(x - width * random.uniform(0.25, 0.75), y - height * random.uniform(0.25, 0.5))
    sky += np.exp(-((distance / (height * 0.25)) ** 2))[..., None] * np.array([110, 100, 70], np.float32)
    sky[distance < height * 0.07] = (255, 250, 225)
    return sky


def _with_ridge(random: np.random.Generator, picture: _Map, ridge: int, overhead: _Map, horizon: _Map) -> _Map:
    """A range of hills before what is there: the nearer, the lower, the darker, and the less fog."""
    height, width, _ = picture.shape
    profile = _fractal(random, width * 2, 8, 8, 2 + ridge, 0.52)[4, :width]
    top = height * (0.48 + 0.11 * ridge) - height * (0.17 - 0.015 * ridge) * (profile - 0.4) * 1.6
    below = np.arange(height, dtype=np.float32)[:, None] - top
    near = ridge / (_RIDGES - 0.4)
    colour = (overhead * 0.75 + horizon * 0.25) * (1 - near) + np.array([14, 18, 20], np.float32) * near
    hills = colour * (0.65 + 0.7 * _fractal(random, width, height, 8, 6, 0.62)[..., None])
    fog = np.clip(below / (height * 0.35), 0, 1)[..., None] * (0.35 * (1 - ridge / _RIDGES))
    edge = np.clip(below + 0.5, 0, 1)[..., None]
    return np.asarray(picture * (1 - edge) + (hills * (1 - fog) + horizon * fog) * edge)


def _fractal(random: np.random.Generator, width: int, height: int, octaves: int, cells: int, decay: float) -> _Map:
    """Noise with detail at every scale, in 0..1."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        across = cells * 2**octave
        grid = random.standard_normal((max(2, across * height // width) + 2, across + 2)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * decay**octave
    total -= total.min()
    return np.asarray(total / total.max())
