"""Pictures with opacity laid over frames: opacity, place and parts of pixels are right."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from services.renderer.pipeline.layers import Layers
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Planes

GREY = (90, 120, 160)


def ground(width: int = 64, height: int = 48) -> Planes:
    y, u, v = (np.full((height, width), value, np.uint8) for value in GREY)
    return Planes(y=y, u=u[::2, ::2].copy(), v=v[::2, ::2].copy())


def patch(rgb: tuple[int, int, int], alpha: float, width: int = 16, height: int = 12) -> tuple:
    """A flat colour as layers take it: times its opacity."""
    opacity = np.full((height, width), alpha, np.float32)
    return np.array(rgb, np.float32)[:, None, None] * opacity, opacity


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.8, 1.0])
@pytest.mark.parametrize("faded", [0.5, 1.0])
def test_a_flat_colour_covers_as_much_as_its_opacity_says(alpha: float, faded: float) -> None:
    planes, rgb = ground(), (240, 60, 30)

    Layers(*patch(rgb, alpha), 8, 4).blend(planes, opacity=faded)

    colour = YUV_FROM_RGB @ np.array(rgb) + YUV_OFFSET
    for plane, over, under, divisor in zip(planes, colour, GREY, (1, 2, 2), strict=True):
        inside = plane[4 // divisor : 16 // divisor, 8 // divisor : 24 // divisor]
        expected = under + (over - under) * alpha * faded
        assert np.abs(inside.astype(float) - expected).max() <= 1.5
        assert np.count_nonzero(plane != under) <= inside.size


def test_a_layer_moved_by_parts_of_a_pixel_lies_between_its_places() -> None:
    """The centre of what it adds to the picture is where it was moved to, on a grid of fifths."""
    rgb, alpha = np.zeros((3, 24, 24), np.float32), np.zeros((24, 24), np.float32)
    cv2.circle(alpha, (12, 12), 6, 1.0, -1, cv2.LINE_AA)
    rgb += 255 * alpha
    layers = Layers(rgb, alpha, 20, 10)

    def centre(x: float, y: float) -> np.ndarray:
        planes = ground()
        layers.blend(planes, shift=(x, y))
        added = planes.y.astype(float) - GREY[0]
        return np.array([(added.sum(0) * np.arange(64)).sum(), (added.sum(1) * np.arange(48)).sum()]) / added.sum()

    still = centre(0, 0)
    for x, y in ((0.2, 0), (0, 0.4), (-3.4, 2.6), (7, -5.8)):
        assert centre(x, y) - still == pytest.approx([x, y], abs=0.03)


def test_what_lies_outside_the_frame_or_the_window_is_not_drawn() -> None:
    planes = ground()
    layers = Layers(*patch((255, 255, 255), 1.0), 0, 0)
    layers.blend(planes, shift=(-10, 42))
    layers.blend(planes, shift=(100, 100))
    assert np.array_equal(np.argwhere(planes.y != GREY[0]).max(0), (47, 5))

    planes = ground()
    layers.blend(planes, shift=(20, 10), window=(24, 12, 30, 16))
    changed = np.argwhere(planes.y != GREY[0])
    assert (*changed.min(0), *changed.max(0)) == (12, 24, 15, 29)
