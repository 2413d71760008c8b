"""Samples planes on a straight grid: the camera's work for every frame, and most of what composing costs.

The kernel in ``resample.c`` is built with the package where a C compiler is at hand; elsewhere OpenCV does it,
nineteen times slower and rounding a little differently. Which of the two works is part of the engine's identity.
"""

from __future__ import annotations

import ctypes
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import cv2
import numpy as np

from services.renderer.pipeline.planes import Plane

KERNEL_VERSION = 3
"""Of ``resample.c``; a kernel that was built from another one takes other arguments, or gives other samples."""

_OPENCV = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_PLANE = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int, ctypes.c_int)
_GRID = (ctypes.c_double,) * 4


def resample(
    source: Plane, target: Plane, step_x: float, step_y: float, left: float, top: float, opacity: float = 1.0
) -> None:
    """Draw bilinear samples of ``source`` over all of ``target``; outside of the source, its edge goes on.

    Args:
        step_x, step_y: Distance of two samples [px of the source].
        left, top: Where the first sample lies, 0 being the centre of the first pixel.
        opacity: From 0, which leaves the target as it is, to 1, which hides what it held.
    """
    grid = (left, top, step_x, step_y)
    if _KERNEL is None or not draw_natively(_KERNEL, source, target, grid, opacity):
        draw_with_opencv(source, target, grid, opacity)


def resampler_identity() -> str:
    """What computes the samples: the version of the native kernel, or OpenCV."""
    return "opencv" if _KERNEL is None else f"native {_KERNEL.resample_version()}"


def draw_natively(
    kernel: ctypes.CDLL,
    source: Plane,
    target: Plane,
    grid: tuple[float, float, float, float],
    opacity: float = 1.0,
    *,
    portable: bool = False,
) -> bool:
    """Let the kernel sample; False, with nothing drawn, for tiny sources and steps it has no method for.

    Args:
        grid: Left, top, horizontal and vertical step.
        portable: Without vector instructions; the samples are the same.
    """
    scratch = np.empty(kernel.resample_scratch(target.shape[1]), np.uint8)
    refused: int = kernel.resample(*_plane(source), *_plane(target), *grid, opacity, scratch.ctypes.data, portable)
    return not refused


def draw_with_opencv(
    source: Plane, target: Plane, grid: tuple[float, float, float, float], opacity: float = 1.0
) -> None:
    """Let OpenCV sample."""
    left, top, step_x, step_y = grid
    matrix = np.array([[step_x, 0, left], [0, step_y, top]], np.float64)
    size = (target.shape[1], target.shape[0])
    if opacity >= 1:
        cv2.warpAffine(source, matrix, size, target, _OPENCV, cv2.BORDER_REPLICATE)
        return
    over = cv2.warpAffine(source, matrix, size, None, _OPENCV, cv2.BORDER_REPLICATE)
    cv2.addWeighted(over, opacity, target, 1 - opacity, 0, target)


def load_kernel(folder: Path = Path(__file__).parent) -> ctypes.CDLL | None:
    """The kernel, if it was built here from the source that this module was written for."""
    for suffix in EXTENSION_SUFFIXES:
        path = folder / f"_resample{suffix}"
        if path.exists():
            kernel = ctypes.CDLL(str(path))
            return _declared(kernel) if kernel.resample_version() == KERNEL_VERSION else None
    return None


def _declared(kernel: ctypes.CDLL) -> ctypes.CDLL:
    kernel.resample_scratch.restype = ctypes.c_size_t
    kernel.resample_scratch.argtypes = [ctypes.c_int]
    kernel.resample.argtypes = [*_PLANE, *_PLANE, *_GRID, ctypes.c_double, ctypes.c_void_p, ctypes.c_int]
    return kernel


def _plane(plane: Plane) -> tuple[int, int, int, int]:
    """Address, bytes from row to row, width and height."""
    return plane.ctypes.data, plane.strides[0], plane.shape[1], plane.shape[0]


_KERNEL = load_kernel()
