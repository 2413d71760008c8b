"""Pictures as three planes: 8-bit YUV 4:2:0, BT.709, limited range, and how RGB becomes that.

Chroma lies where H.264 expects it when nothing else is said: on the left luma column of each pair, halfway between
the two rows (ITU-T H.264, E.2.1, chroma_loc_type 0).
"""

from __future__ import annotations

from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

# ITU-R BT.709-6, items 3.2 to 3.4: luma weights and colour differences; 3.4: 8-bit limited range.
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_LUMA_RANGE, _CHROMA_RANGE = 219 / 255, 224 / 255
_LUMA = np.array([_RED, _GREEN, _BLUE])
_CB = (np.array([0, 0, 1]) - _LUMA) / (2 * (1 - _BLUE))
_CR = (np.array([1, 0, 0]) - _LUMA) / (2 * (1 - _RED))

YUV_FROM_RGB = np.vstack([_LUMA * _LUMA_RANGE, _CB * _CHROMA_RANGE, _CR * _CHROMA_RANGE])
"""3x3 matrix for RGB and YUV in 0..255, before :data:`YUV_OFFSET` is added."""

YUV_OFFSET = np.array([16.0, 128.0, 128.0])
"""Value of black in each plane."""


class Planes(NamedTuple):
    """Y (height, width), U and V (height/2, width/2), uint8."""

    y: Plane
    u: Plane
    v: Plane


def new_frame(width: int, height: int) -> av.VideoFrame:
    """A frame to compose into; its planes are filled by writing to :func:`planes_of`."""
    return av.VideoFrame(width, height, "yuv420p")


def planes_of(frame: av.VideoFrame) -> Planes:
    """Writable views of a yuv420p frame's planes, without the padding at the end of each row."""
    return Planes(*(_view(plane) for plane in frame.planes))


def _view(plane: av.video.plane.VideoPlane) -> Plane:
    rows: Plane = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)  # type: ignore[call-overload]
    return rows[:, : plane.width]
