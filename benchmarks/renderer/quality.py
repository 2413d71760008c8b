"""How like two pictures are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from services.renderer.pipeline.planes import Plane, planes_of

# Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity, 2004.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# As FFmpeg and x264 have it: windows of 8x8, every 4 pixels.
_WINDOW, _STRIDE = 8, 4


def ssim_decibels(path: Path, originals: Sequence[av.VideoFrame], every: int = 5) -> float:
    """Structural similarity of a video's luma to the frames that were encoded, -10 log10(1 - SSIM); higher is liker.

    Args:
        every: Look at each frame with a number that this divides.
    """
    with av.open(str(path)) as container:
        decoded = enumerate(container.decode(video=0))
        similar = [
            ssim(planes_of(frame).y, planes_of(originals[number]).y)
            for number, frame in decoded
            if number % every == 0
        ]
    return decibels(similar)


def decibels(similar: Sequence[float]) -> float:
    """The mean of SSIM values in decibels."""
    return -10 * math.log10(1 - sum(similar) / len(similar))


def ssim(one: Plane, other: Plane) -> float:
    """Structural similarity of two planes, 1 when they are equal."""
    a, b = one.astype(np.float32), other.astype(np.float32)
    mean_a, mean_b = _averaged(a), _averaged(b)
    variance_a, variance_b = _averaged(a * a) - mean_a**2, _averaged(b * b) - mean_b**2
    covariance = _averaged(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    return float(np.mean(luminance * (2 * covariance + _C2) / (variance_a + variance_b + _C2)))


def _averaged(values: np.ndarray) -> np.ndarray:
    means = cv2.boxFilter(values, cv2.CV_32F, (_WINDOW, _WINDOW))
    return means[_WINDOW // 2 : -_WINDOW // 2 : _STRIDE, _WINDOW // 2 : -_WINDOW // 2 : _STRIDE]
