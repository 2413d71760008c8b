"""Captions as they are laid over frames: planes instead of colours, redrawn only where they change."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.caption_canvas import Box, Canvas, Mask
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Plane, Planes

_Layer = tuple[Plane, Plane]
"""Premultiplied values, and what remains of the picture below in 1/255."""


class Overlay:
    """A canvas in the form it is blended in.

    Args:
        layers: One each for Y, U and V.
        x, y: Where the canvas lies on the frame [px].
    """

    def __init__(self, layers: Sequence[_Layer], x: int, y: int) -> None:
        self._layers = layers
        self._x, self._y = x, y

    @classmethod
    def of(cls, canvas: Canvas, x: int, y: int) -> Overlay:
        """The whole canvas."""
        height, width = canvas.alpha.shape
        return cls(_layers_of(canvas, (0, 0, width, height)), x, y)

    def redrawn(self, canvas: Canvas, box: Box) -> Overlay:
        """The same but for what changed inside ``box`` of the canvas."""
        inner, outer = (_even_box(box, margin, canvas) for margin in (2, 4))
        fresh = _layers_of(canvas, outer)
        layers = [tuple(plane.copy() for plane in layer) for layer in self._layers]
        for layer, part, divisor in zip(layers, fresh, (1, 2, 2), strict=True):
            left, top, right, bottom = (edge // divisor for edge in inner)
            x, y = outer[0] // divisor, outer[1] // divisor
            for whole, piece in zip(layer, part, strict=True):
                whole[top:bottom, left:right] = piece[top - y : bottom - y, left - x : right - x]
        return Overlay([(drawn, remains) for drawn, remains in layers], self._x, self._y)

    def blend(self, planes: Planes) -> None:
        """Lay the overlay over a frame."""
        for plane, (drawn, remains), divisor in zip(planes, self._layers, (1, 2, 2), strict=True):
            top, left = self._y // divisor, self._x // divisor
            below = plane[top : top + drawn.shape[0], left : left + drawn.shape[1]]
            cv2.multiply(below, remains, below, 1 / 255)
            cv2.add(below, drawn, below)


def _even_box(box: Box, margin: int, canvas: Canvas) -> Box:
    """A box on whole pixels of chroma, wider by a margin; chroma reads one pixel beyond its own two columns."""
    height, width = canvas.alpha.shape
    left, top, right, bottom = box
    return (
        max(0, left - margin) // 2 * 2,
        max(0, top - margin) // 2 * 2,
        min(width, (right + margin + 1) // 2 * 2),
        min(height, (bottom + margin + 1) // 2 * 2),
    )


def _layers_of(canvas: Canvas, box: Box) -> tuple[_Layer, _Layer, _Layer]:
    left, top, right, bottom = box
    alpha = canvas.alpha[top:bottom, left:right]
    yuv = canvas.rgb[top:bottom, left:right] @ YUV_FROM_RGB.T.astype(np.float32)
    yuv += alpha[..., np.newaxis] * YUV_OFFSET.astype(np.float32)
    remains, chroma_remains = _rounded(255 * (1 - alpha)), _rounded(255 * (1 - _halved(alpha)))
    return (
        (_rounded(yuv[..., 0]), remains),
        (_rounded(_halved(yuv[..., 1])), chroma_remains),
        (_rounded(_halved(yuv[..., 2])), chroma_remains),
    )


def _halved(values: Mask) -> Mask:
    """Chroma resolution: on the left of each pair of columns, between each pair of rows (see ``planes``)."""
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    across = (padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4
    return np.asarray((across[::2] + across[1::2]) / 2)


def _rounded(values: NDArray[np.float32]) -> Plane:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
