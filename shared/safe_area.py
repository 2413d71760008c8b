"""Where text may lie on a frame of any aspect, and how large captions are there.

Both who cuts captions and who draws them need the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.timeline import CaptionStyle, FrameSize

# Frames narrower than this are seen on phones, under the buttons and texts of the platform that plays them.
_PHONE_ASPECT = 0.7
_WIDE_ASPECT = 1.2

# Thousandths of the width, and of the height. Wide: text within the middle 90 % (EBU R 95), with air for its box.
# Phone: TikTok, Reels and Shorts lay buttons over the right 12 % and texts over the lower 20 %; the left is kept
# clear like the right, so that text stands in the middle.
_WIDE_SIDES, _WIDE_TOP, _WIDE_BOTTOM = 70, 50, 930
_SQUARE_SIDES, _SQUARE_TOP, _SQUARE_BOTTOM = 60, 60, 930
_PHONE_SIDES, _PHONE_TOP, _PHONE_BOTTOM = 125, 100, 780

_TALLEST_OF_WIDTH = 1.4
"""Captions grow with the height of a frame up to this multiple of its width, so that lines hold enough words."""


@dataclass(frozen=True, kw_only=True)
class SafeArea:
    """The part of a frame in which nothing covers text; edges in pixels from the left and the top."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left


def safe_area(frame: FrameSize) -> SafeArea:
    """Where text may lie."""
    sides, top, bottom = _margins(frame.width / frame.height)
    side = frame.width * sides // 1000
    return SafeArea(
        left=side, top=frame.height * top // 1000, right=frame.width - side, bottom=frame.height * bottom // 1000
    )


def caption_font_size(style: CaptionStyle, frame: FrameSize) -> float:
    """Size of a caption's letters [px]."""
    return min(frame.height, frame.width * _TALLEST_OF_WIDTH) * style.size_permille / 1000


def _margins(aspect: float) -> tuple[int, int, int]:
    if aspect < _PHONE_ASPECT:
        return _PHONE_SIDES, _PHONE_TOP, _PHONE_BOTTOM
    if aspect < _WIDE_ASPECT:
        return _SQUARE_SIDES, _SQUARE_TOP, _SQUARE_BOTTOM
    return _WIDE_SIDES, _WIDE_TOP, _WIDE_BOTTOM
