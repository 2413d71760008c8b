"""Stills: how near to ideal samples the camera comes through them."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET
from services.renderer.pipeline.resample import resample
from services.renderer.pipeline.stills import Still, load_still
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.timeline import FrameSize, Motion, View

WIDTH, HEIGHT = 384, 256
FRAME = FrameSize(width=480, height=320)


def landscape(grain: float) -> np.ndarray:
    """Detail at every scale and the same grain in all colours, BGR."""
    random, picture = np.random.default_rng(3), np.zeros((HEIGHT, WIDTH, 3))
    for octave in range(6):
        cells = random.standard_normal((2 * 2**octave, 3 * 2**octave, 3))
        picture += cv2.resize(cells, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) * 0.55**octave
    picture = 128 + 40 * picture + grain * random.standard_normal((HEIGHT, WIDTH, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def lanczos_matrix(length: int, positions: np.ndarray) -> np.ndarray:
    """Weights of three lobes for samples at ``positions``; beyond the edge its pixel goes on."""
    matrix = np.zeros((len(positions), length))
    for row, position in zip(matrix, positions, strict=True):
        taps = np.arange(math.floor(position) - 2, math.floor(position) + 4)
        weights = np.sinc(taps - position) * np.sinc((taps - position) / 3)
        np.add.at(row, np.clip(taps, 0, length - 1), weights / weights.sum())
    return matrix


def decibels(one: np.ndarray, two: np.ndarray) -> float:
    return 10 * math.log10(255**2 / np.mean((one - two) ** 2))


def sampled_and_ideal(folder: Path, bgr: np.ndarray, zoom: int) -> list[np.ndarray]:
    """Luma of a frame through our still, through one enlarged with OpenCV's Lanczos, and by exact Lanczos."""
    still = loaded(folder, bgr)
    luma = np.rint(bgr[..., ::-1] @ YUV_FROM_RGB[0] + YUV_OFFSET[0]).astype(np.uint8)
    lanczos = cv2.resize(luma, still.planes.y.shape[::-1], interpolation=cv2.INTER_LANCZOS4)
    step = WIDTH / FRAME.width * 1000 / zoom
    across, down = (step * (np.arange(n) + 0.7) - 0.5 for n in (FRAME.width, FRAME.height))

    def sampled(plane: np.ndarray) -> np.ndarray:
        target, wide = np.empty((FRAME.height, FRAME.width), np.uint8), step * still.scale_x
        resample(plane, target, wide, wide, wide * 0.7 - 0.5, wide * 0.7 - 0.5)
        return target.astype(float)

    exact = lanczos_matrix(HEIGHT, down) @ luma @ lanczos_matrix(WIDTH, across).T
    return [sampled(still.planes.y), sampled(lanczos), exact]


def loaded(folder: Path, bgr: np.ndarray) -> Still:
    """A still for a camera that ends 1.15 times closer than it starts."""
    data = cv2.imencode(".png", bgr)[1].tobytes()
    digest = hashlib.sha256(data).hexdigest()
    (folder / digest).write_bytes(data)
    asset = AssetReference(key=f"accounts/a/assets/{digest}", sha256=digest, size_bytes=1, media_type="image/png")
    wide, close = (View(zoom_permille=z, centre_x_permille=500, centre_y_permille=500) for z in (1000, 1150))
    reference = ImageReference(asset=asset, width=WIDTH, height=HEIGHT)
    return load_still(folder / digest, reference, Motion(start=wide, end=close), FRAME)


@pytest.mark.parametrize("zoom", [1000, 1070, 1150])
def test_grainy_pictures_are_enlarged_nearer_to_exact_lanczos_than_by_opencvs(tmp_path, zoom):
    ours, opencvs, exact = sampled_and_ideal(tmp_path, landscape(grain=5), zoom)
    assert decibels(ours, exact) > decibels(opencvs, exact) + 0.3


@pytest.mark.parametrize("zoom", [1000, 1070, 1150])
def test_smooth_pictures_are_enlarged_within_half_a_level_of_exact_lanczos(tmp_path, zoom):
    ours, _, exact = sampled_and_ideal(tmp_path, landscape(grain=0.5), zoom)
    assert np.sqrt(np.mean((ours - exact) ** 2)) < 0.5
