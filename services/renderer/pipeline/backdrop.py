"""What fills the frame around a picture that is seen whole: the picture itself, blurred and darkened."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.planes import YUV_OFFSET, Plane, Planes
from shared.contracts.timeline import FrameSize

_Values = NDArray[np.float32]

_FINE_BITS = 4
_FINE = 1 << _FINE_BITS
"""Steps of a level that a moving backdrop is computed in, before they are dithered."""

_BLURRED_SIDE = 96
"""Longer side of the copy that is blurred [px]: all that is left of it after the blur fits in there."""
_BLUR = 0.035
"""Width of the blur (its standard deviation), as a part of the longer side."""
_LIGHT = 0.58
"""How much of the light is left, so that the picture stands out."""
_SHADOW = 0.42
"""How much of that the shadow of the picture takes at its edge."""
_SHADOW_REACH = 0.07
"""How far it falls, as a part of the frame's shorter side."""


def backdrop_of(picture: Planes, frame: FrameSize) -> Planes:
    """A frame filled with the middle of ``picture``, blurred and darker; the picture may have any size.

    Around where the whole picture will lie, in the middle of the frame, falls its shadow. Smooth areas are
    dithered: in plain 8 bits, dark gradients of that size show steps.
    """
    height, width = picture.y.shape
    wide, high = _cut(width, height, frame)
    values = [
        _filled(
            _blurred(_middle(plane, wide * plane.shape[1] / width, high * plane.shape[0] / height), frame), size
        )
        for plane, size in zip(picture, _plane_sizes(frame), strict=True)
    ]
    darker = [
        (plane - np.float32(zero)) * _light(plane, (width, height), frame) + np.float32(zero)
        for plane, zero in zip(values, YUV_OFFSET, strict=True)
    ]
    return Planes(*map(_dithered, darker))


class MovingBackdrop:
    """The same for a video, made anew of each of its frames: some 4 ms at 1080p.

    Light and shadow are laid on before the small copy is enlarged, in sixteenths of a level.

    Args:
        picture: Width and height of the video's frames as they are given to :meth:`of`.
    """

    def __init__(self, picture: tuple[int, int], frame: FrameSize) -> None:
        self._frame = frame
        self._sizes = _plane_sizes(frame)
        small = np.empty(_blurred_size(frame)[::-1], np.float32)
        self._light = _light(small, picture, frame) * np.float32(_FINE)
        noise = np.random.default_rng(0)
        self._noise = [noise.integers(0, _FINE, size[::-1]).astype(np.uint16) for size in self._sizes]
        self._fine = [np.empty(size[::-1], np.uint16) for size in self._sizes]
        self._planes = Planes(*(np.empty(size[::-1], np.uint8) for size in self._sizes))

    def of(self, picture: Planes) -> Planes:
        """The backdrop of one frame; valid until the next call."""
        height, width = picture.y.shape
        wide, high = _cut(width, height, self._frame)
        for number, (plane, zero) in enumerate(zip(picture, YUV_OFFSET, strict=True)):
            middle = _middle(plane, wide * plane.shape[1] / width, high * plane.shape[0] / height)
            small = (_blurred(middle, self._frame) - np.float32(zero)) * self._light + np.float32(zero * _FINE)
            fine = self._fine[number]
            cv2.resize(small.astype(np.uint16), self._sizes[number], fine, interpolation=cv2.INTER_LINEAR)
            cv2.add(fine, self._noise[number], fine)
            np.right_shift(fine, _FINE_BITS, out=fine)
            self._planes[number][:] = fine
        return self._planes


def _light(plane: _Values, picture: tuple[int, int], frame: FrameSize) -> _Values:
    """How much of the light is left in each place of a plane."""
    scale = min(frame.width / picture[0], frame.height / picture[1])
    across, down = (
        _near(length, whole, part * scale, _SHADOW_REACH * min(frame.width, frame.height))
        for length, whole, part in zip(plane.shape[::-1], (frame.width, frame.height), picture, strict=True)
    )
    return np.float32(_LIGHT) * (1 - np.float32(_SHADOW) * np.outer(down, across))


def _near(length: int, whole: int, box: float, reach: float) -> _Values:
    """1 where the box lies in the middle, 0 farther from it than ``reach`` [px of the frame]; for each sample."""
    places = (np.arange(length) + 0.5) * whole / length
    ramp = np.clip(1 - (np.abs(places - whole / 2) - box / 2) / reach, 0, 1)
    return (ramp * ramp).astype(np.float32)


def _cut(width: int, height: int, frame: FrameSize) -> tuple[float, float]:
    """Width and height of the largest part with the frame's shape."""
    scale = min(width / frame.width, height / frame.height)
    return frame.width * scale, frame.height * scale


def _plane_sizes(frame: FrameSize) -> tuple[tuple[int, int], ...]:
    half = (frame.width // 2, frame.height // 2)
    return (frame.width, frame.height), half, half


def _middle(plane: Plane, width: float, height: float) -> Plane:
    left, top = (round((whole - part) / 2) for whole, part in ((plane.shape[1], width), (plane.shape[0], height)))
    return plane[top : plane.shape[0] - top, left : plane.shape[1] - left]


def _blurred_size(frame: FrameSize) -> tuple[int, int]:
    scale = _BLURRED_SIDE / max(frame.width, frame.height)
    return max(2, round(frame.width * scale)), max(2, round(frame.height * scale))


def _blurred(plane: Plane, frame: FrameSize) -> _Values:
    small = cv2.resize(plane.astype(np.float32), _blurred_size(frame), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(small, (0, 0), _BLUR * _BLURRED_SIDE, borderType=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def _filled(small: _Values, size: tuple[int, int]) -> _Values:
    return cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def _dithered(values: _Values) -> Plane:
    noisy = values + np.random.default_rng(0).random(values.shape, np.float32)
    return noisy.clip(0, 255).astype(np.uint8)
