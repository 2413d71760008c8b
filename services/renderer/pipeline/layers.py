"""Pictures with opacity as they are laid over frames: still or moving by parts of a pixel, whole or faded."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Plane, Planes

Paint = NDArray[np.float32]
"""Shape (height, width) for one value, (3, height, width) for red, green and blue."""

Window = tuple[int, int, int, int]
"""Left and upper edge, right and lower edge (exclusive) of what may be covered [px]."""


class Layer(NamedTuple):
    """A picture in one of the planes: values times opacity, and what remains of what lies below [1/255]."""

    drawn: Plane
    remains: Plane

    def moved(self, x: float, y: float) -> Layer:
        """Moved to the right and down by parts of a pixel, into one more column and row."""
        height, width = self.drawn.shape
        matrix, size = np.array([[1, 0, x], [0, 1, y]], np.float64), (width + 1, height + 1)
        return Layer(
            drawn=cv2.warpAffine(self.drawn, matrix, size, borderValue=0),  # type: ignore[arg-type]
            remains=cv2.warpAffine(self.remains, matrix, size, borderValue=255),  # type: ignore[arg-type]
        )

    def faded(self, opacity: float) -> Layer:
        """With less opacity than it has."""
        return Layer(
            drawn=cv2.convertScaleAbs(self.drawn, alpha=opacity),  # type: ignore[arg-type]
            remains=cv2.convertScaleAbs(self.remains, alpha=opacity, beta=255 * (1 - opacity)),  # type: ignore[arg-type]
        )

    def blend(self, plane: Plane, left: int, top: int, window: Window) -> None:
        """Lay it over a plane; what lies outside of the plane or the window is not drawn."""
        height, width = self.drawn.shape
        first_x, last_x = max(left, window[0], 0), min(left + width, window[2], plane.shape[1])
        first_y, last_y = max(top, window[1], 0), min(top + height, window[3], plane.shape[0])
        if first_x >= last_x or first_y >= last_y:
            return
        part = np.s_[first_y - top : last_y - top, first_x - left : last_x - left]
        below = plane[first_y:last_y, first_x:last_x]
        cv2.multiply(below, self.remains[part], below, 1 / 255)
        cv2.add(below, self.drawn[part], below)


class Layers:
    """A picture with opacity that has its place on the frame.

    Args:
        rgb: Colours times opacity in 0..255; height and width are even.
        alpha: Opacity in 0..1.
        x, y: Where its upper left corner lies on the frame, both even [px].
    """

    def __init__(self, rgb: Paint, alpha: Paint, x: int, y: int) -> None:
        self.x, self.y = x, y
        self.height, self.width = alpha.shape
        self._layers = layers_of(rgb, alpha)

    def blend(
        self,
        planes: Planes,
        *,
        shift: tuple[float, float] = (0.0, 0.0),
        opacity: float = 1.0,
        window: Window | None = None,
    ) -> None:
        """Lay it over a frame.

        Args:
            shift: How far right and down of its place [px].
            window: What it may cover, all edges even; without it the whole frame.
        """
        if opacity <= 0:
            return
        left, top, right, bottom = window or (0, 0, planes.y.shape[1], planes.y.shape[0])
        for plane, layer, divisor in zip(planes, self._layers, (1, 2, 2), strict=True):
            x, y = (self.x + shift[0]) / divisor, (self.y + shift[1]) / divisor
            column, row = math.floor(x), math.floor(y)
            placed = layer if (x, y) == (column, row) else layer.moved(x - column, y - row)
            shown = placed if opacity >= 1 else placed.faded(opacity)
            edges = (left // divisor, top // divisor, right // divisor, bottom // divisor)
            shown.blend(plane, column, row, edges)


def layers_of(rgb: Paint, alpha: Paint) -> tuple[Layer, Layer, Layer]:
    """A picture with opacity in the planes Y, U and V.

    Args:
        rgb: Colours times opacity in 0..255; height and width are even.
        alpha: Opacity in 0..1.
    """
    y, u, v = (_component(rgb, alpha, row, offset) for row, offset in zip(YUV_FROM_RGB, YUV_OFFSET, strict=True))
    chroma_remains = _rounded(255 * (1 - _halved(alpha)))
    return (
        Layer(drawn=_rounded(y), remains=_rounded(255 * (1 - alpha))),
        Layer(drawn=_rounded(_halved(u)), remains=chroma_remains),
        Layer(drawn=_rounded(_halved(v)), remains=chroma_remains),
    )


def _component(rgb: Paint, alpha: Paint, weights: NDArray[np.float64], offset: float) -> Paint:
    """Y, U or V of a picture."""
    red, green, blue = (np.float32(weight) for weight in weights)
    return np.asarray(red * rgb[0] + green * rgb[1] + blue * rgb[2] + np.float32(offset) * alpha)


def _halved(values: Paint) -> Paint:
    """Chroma resolution: on the left of each pair of columns, between each pair of rows (see ``planes``)."""
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    across = (padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4
    return np.asarray((across[::2] + across[1::2]) / 2)


def _rounded(values: Paint) -> Plane:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
