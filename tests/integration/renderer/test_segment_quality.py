"""How well a segment shows what was composed: from its first frame to its last, and nowhere worse than elsewhere."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.segment import render_segment
from shared.contracts.timeline import Easing, EncodingProfile, FrameSize

SIZE = FrameSize(width=640, height=360)
FRAMES = 48
MIDDLE = slice(12, 32)


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def hillside(width: int = 960, height: int = 640) -> np.ndarray:
    """Detail at every scale and film grain, BGR: what photographs are made of."""
    random, picture = np.random.default_rng(4), np.full((height, width, 3), 128, np.float32)
    for octave in range(8):
        across = 4 * 2**octave
        grid = random.standard_normal((across * height // width + 2, across + 2, 1)).astype(np.float32)
        picture += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)[..., None] * 45 * 0.6**octave
    picture += random.standard_normal((height, width, 1)).astype(np.float32) * 3
    return np.clip(picture, 0, 255).astype(np.uint8)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / ((one.astype(float) - other) ** 2).mean()))


@pytest.fixture
def likeness(studio, composed, decoded, tmp_path):
    """PSNR of each frame of a segment under a steady camera move, against what was composed [dB]."""

    def measure(profile: EncodingProfile) -> np.ndarray:
        move = studio.move(1000, 1120).model_copy(update={"easing": Easing.LINEAR})
        clip = studio.clip(studio.picture(hillside()), FRAMES).model_copy(update={"motion": move})
        spec = studio.spec(clip, size=SIZE, profile=profile)
        render_segment(spec, studio.images, tmp_path / "s.mp4", silent)
        wanted = composed(SegmentComposer(spec, studio.images), SIZE, range(FRAMES))
        pairs = zip(decoded(tmp_path / "s.mp4"), wanted, strict=True)
        return np.array([psnr(shown[0], drawn[0]) for shown, drawn in pairs])

    return measure


@pytest.mark.parametrize("profile", EncodingProfile)
def test_a_segment_ends_as_well_as_it_goes_on(likeness, profile):
    found = likeness(profile)
    assert found[-10:].mean() > found[MIDDLE].mean() - 0.15
    assert found[-3:].mean() > found[MIDDLE].mean() - 0.25
    assert found[0] > found[MIDDLE].mean() - 0.25
