"""The logo in a corner of every frame: decoded, scaled and converted once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.layers import Layers, Paint
from services.renderer.pipeline.planes import Plane, Planes
from shared.contracts.look import Corner, Watermark
from shared.contracts.timeline import FrameSize

# A logo much taller than wide is not to grow beyond this part of the frame's height, less its margins.
_MOST_HEIGHT_SHARE = 0.5


class Logo:
    """A watermark, ready to be laid over frames.

    Args:
        files: Where the picture with a given SHA-256 lies.
    Raises:
        BadAssetError: It was not handed over, or is not a picture of the size that its reference states.
    """

    def __init__(self, watermark: Watermark, files: Mapping[str, Path], frame: FrameSize) -> None:
        rgb, alpha = _decoded(watermark, files)
        x, y, width, height = logo_box(watermark, frame)
        alpha = _scaled(alpha, width, height) * np.float32(watermark.opacity_permille / 1000)
        rgb = _scaled(rgb, width, height) * np.float32(watermark.opacity_permille / 1000)
        left, top = x % 2, y % 2
        colours = _on_even_pixels(rgb.transpose(2, 0, 1), left, top)
        self._layers = Layers(colours, _on_even_pixels(alpha, left, top), x - left, y - top)

    def blend(self, planes: Planes) -> None:
        """Lay it over a frame."""
        self._layers.blend(planes)


def logo_box(watermark: Watermark, frame: FrameSize) -> tuple[int, int, int, int]:
    """Left and upper edge, width and height of the logo on the frame [px]."""
    side = min(frame.width, frame.height)
    margin = round(side * watermark.margin_permille / 1000)
    image = watermark.image
    most_height = (frame.height - 2 * margin) * _MOST_HEIGHT_SHARE
    width = min(side * watermark.width_permille / 1000, most_height * image.width / image.height)
    width, height = max(1, round(width)), max(1, round(width * image.height / image.width))
    is_left = watermark.corner in (Corner.TOP_LEFT, Corner.BOTTOM_LEFT)
    is_top = watermark.corner in (Corner.TOP_LEFT, Corner.TOP_RIGHT)
    x = margin if is_left else frame.width - margin - width
    y = margin if is_top else frame.height - margin - height
    return x, y, width, height


def _decoded(watermark: Watermark, files: Mapping[str, Path]) -> tuple[Paint, Paint]:
    """Colours times opacity (height, width, 3), and opacity, both float32, of the whole picture."""
    name, image = watermark.image.asset.sha256, watermark.image
    path = files.get(name)
    if path is None:
        raise BadAssetError(f"logo {name} was not handed over")
    pixels = _read(path)
    if pixels is None or pixels.shape[:2] != (image.height, image.width):
        raise BadAssetError(f"logo {name} is not the picture that its reference says; bring it in again")
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)  # type: ignore[assignment]
    alpha = np.ones(pixels.shape[:2], np.float32)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3].astype(np.float32) / np.float32(255)
    return pixels[..., 2::-1].astype(np.float32) * alpha[..., np.newaxis], alpha


def _read(path: Path) -> Plane | None:
    """BGR or BGRA, 8 bits; None when it cannot be decoded."""
    try:
        return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)  # type: ignore[return-value]
    except (cv2.error, OSError):
        return None


def _scaled(picture: Paint, width: int, height: int) -> Paint:
    """The mean of what each pixel covers where it gets smaller, a cubic where it gets larger."""
    if picture.shape[1] >= width:
        return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
    larger = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(larger, 0, 255 if picture.ndim == 3 else 1)


def _on_even_pixels(picture: Paint, left: int, top: int) -> Paint:
    """Grown by clear columns and rows to even edges, because chroma has one value for each 2x2 pixels."""
    height, width = picture.shape[-2:]
    edges = [(top, (top + height) % 2), (left, (left + width) % 2)]
    return np.pad(picture, [(0, 0)] * (picture.ndim - 2) + edges)
