"""A picture with opacity in the making: shapes and text laid over each other."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.layers import Layers, Paint
from services.renderer.pipeline.lettering import emoji_layer, rgb_of, text_mask
from services.renderer.pipeline.text_block import TextBlock

# Blurring is done on a smaller picture: nobody sees the difference, and it takes a tenth of the time.
_BLUR_SCALE = 4
# Shadows stay shadows, however dense they are made.
_MOST_SHADE = 0.8


class Painting:
    """A part of the frame to draw on, all clear at first; every place is one of the frame's [px].

    Args:
        x, y: Its upper left corner; ``width`` and ``height`` its size; all even.
    """

    def __init__(self, x: int, y: int, width: int, height: int) -> None:
        self._x, self._y, self._size = x, y, (width, height)
        self._rgb = np.zeros((3, height, width), np.float32)
        self._alpha = np.zeros((height, width), np.float32)

    @classmethod
    def of_box(cls, box: tuple[int, int, int, int]) -> Painting:
        """Between these left, upper, right and lower edges."""
        left, top, right, bottom = box
        return cls(left, top, right - left, bottom - top)

    def layers(self) -> Layers:
        """What was drawn, ready to be laid over frames."""
        return Layers(self._rgb, self._alpha, self._x, self._y)

    def fill(
        self, left: float, top: float, right: float, bottom: float, colour: str, opacity: float = 1.0
    ) -> None:
        """Draw a rectangle, whose edges may lie between pixels."""
        self._cover(self._rectangle(left, top, right, bottom) * np.float32(opacity), rgb_of(colour))

    def glow(
        self, left: float, top: float, right: float, bottom: float, colour: str, blur: float, opacity: float
    ) -> None:
        """Draw a rectangle that fades out on all sides, over some twice ``blur``."""
        mask = _soft(self._rectangle(left, top, right, bottom), blur)
        self._cover(mask * np.float32(opacity / max(mask.max(), 1e-6)), rgb_of(colour))

    def write(self, block: TextBlock, x: float, y: float, colour: str) -> None:
        """Draw a text with its upper left corner at a place; emoji keep their own colours."""
        self._cover(self._text_mask(block, x, y), rgb_of(colour))
        for run in block.runs:
            if run.run.face.is_emoji:
                self._cover(*emoji_layer(run, block.size, self._size, origin=(x - self._x, y - self._y)))

    def shade(self, block: TextBlock, x: float, y: float, colour: str, blur: float, strength: float) -> None:
        """Draw the soft shadow of a text that is to be written there.

        Args:
            blur: How far it spreads.
            strength: Above 1 it is dense close to the letters.
        """
        mask = _soft(self._text_mask(block, x, y), blur) * np.float32(strength)
        self._cover(np.minimum(mask, np.float32(_MOST_SHADE)), rgb_of(colour))

    def _cover(self, mask: Paint, colour: NDArray[np.float32]) -> None:
        """Lay a colour, or a picture of colours, over what is there, as far as the mask (0 to 1) says."""
        for plane, value in zip(self._rgb, colour, strict=True):
            plane += (value - plane) * mask
        self._alpha += (1 - self._alpha) * mask

    def _rectangle(self, left: float, top: float, right: float, bottom: float) -> Paint:
        across = _coverage(left - self._x, right - self._x, self._size[0])
        down = _coverage(top - self._y, bottom - self._y, self._size[1])
        return np.asarray(down[:, np.newaxis] * across)

    def _text_mask(self, block: TextBlock, x: float, y: float) -> Paint:
        return text_mask(block.runs, block.size, self._size, origin=(x - self._x, y - self._y))


def _soft(mask: Paint, blur: float) -> Paint:
    """A mask with soft edges: a Gaussian of standard deviation ``blur`` [px]."""
    height, width = mask.shape
    size = (max(1, width // _BLUR_SCALE), max(1, height // _BLUR_SCALE))
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(0.3, blur / _BLUR_SCALE), borderType=cv2.BORDER_CONSTANT)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _coverage(first: float, last: float, length: int) -> NDArray[np.float32]:
    """How much of each pixel in a row lies between two places."""
    pixels = np.arange(length, dtype=np.float32)
    return np.asarray(np.clip(np.minimum(pixels + 1, last) - np.maximum(pixels, first), 0, 1), np.float32)
