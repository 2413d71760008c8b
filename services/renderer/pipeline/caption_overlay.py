"""Captions as they are laid over frames: planes instead of colours, changed only where they change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.layers import layers_of
from services.renderer.pipeline.planes import Plane, Planes

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
        return cls(layers_of(canvas.rgb, canvas.alpha), x, y)

    def copy(self) -> Overlay:
        """The same, to be changed apart."""
        return Overlay([(drawn.copy(), remains.copy()) for drawn, remains in self._layers], self._x, self._y)

    def scaled(self, scale: float, opacity: float) -> Overlay:
        """The same larger or smaller about its middle, and fainter."""
        return Overlay([_scaled(layer, scale, opacity) for layer in self._layers], self._x, self._y)

    def take(self, other: Overlay, columns: tuple[float, float], rows: tuple[int, int]) -> None:
        """Take over a part of another overlay of the same size and place.

        Args:
            columns: From and to which column [px]; a column that is cut by an edge is mixed.
            rows: The first, and the one after the last; both even.
        """
        for layer, others, divisor in zip(self._layers, other._layers, (1, 2, 2), strict=True):
            top, bottom = rows[0] // divisor, rows[1] // divisor
            for mine, theirs in zip(layer, others, strict=True):
                for first, last, share in _columns(columns[0] / divisor, columns[1] / divisor):
                    _mix(mine[top:bottom, first:last], theirs[top:bottom, first:last], share)

    def blend(self, planes: Planes) -> None:
        """Lay the overlay over a frame."""
        for plane, (drawn, remains), divisor in zip(planes, self._layers, (1, 2, 2), strict=True):
            top, left = self._y // divisor, self._x // divisor
            below = plane[top : top + drawn.shape[0], left : left + drawn.shape[1]]
            cv2.multiply(below, remains, below, 1 / 255)
            cv2.add(below, drawn, below)


def _columns(left: float, right: float) -> Iterator[tuple[int, int, float]]:
    """Columns from an edge to another: the first and the one after the last, and how much of them is meant."""
    first, last = math.ceil(left), math.floor(right)
    if first > last:
        yield last, last + 1, right - left
        return
    if first > left:
        yield first - 1, first, first - left
    if last > first:
        yield first, last, 1.0
    if right > last:
        yield last, last + 1, right - last


def _scaled(layer: _Layer, scale: float, opacity: float) -> _Layer:
    height, width = layer[0].shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([np.eye(2) * scale, (1 - scale) * middle])
    drawn, remains = (
        np.asarray(cv2.warpAffine(plane, matrix, (width, height), borderValue=outside), np.uint8)
        for plane, outside in zip(layer, (0, 255), strict=True)
    )
    return _faded(drawn, 0, opacity), _faded(remains, 255, opacity)


def _faded(plane: Plane, towards: int, opacity: float) -> Plane:
    return np.asarray(cv2.convertScaleAbs(plane, alpha=opacity, beta=towards * (1 - opacity)), np.uint8)


def _mix(mine: Plane, theirs: Plane, share: float) -> None:
    if share == 1.0:
        mine[:] = theirs
    else:
        mine[:] = np.rint(mine + (theirs.astype(np.float32) - mine) * np.float32(share))
