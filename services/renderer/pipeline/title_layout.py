"""Where titles and lower thirds stand: inside the safe area, and clear of the captions and of each other.

The frame has three storeys: titles in the upper and middle part, lower thirds below them, captions below those.
Where the captions stand is known from their style, so that all segments of a slide agree, whether they show some
or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.renderer.pipeline.caption_layout import captions_top
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.text_block import LEAST_HEIGHT, Align, Room, TextBlock, set_text
from shared.contracts.timeline import CaptionStyle, FrameSize, OnScreenTitle
from shared.safe_area import SafeArea, caption_font_size, safe_area

# In shares of the frame's height: what titles may take, where lower thirds begin, and the least they need.
_TITLE_TOP, _TITLE_BOTTOM, _THIRD_TOP, _THIRD_LEAST = 0.1, 0.58, 0.6, 0.1
_AIR = 0.02
# In shares of the captions' font size; not less than what they take.
_CAPTION_LINE_HEIGHT, _CAPTION_PADDING = 1.34, 0.14

# Font sizes in shares of the frame's shorter side, and the least to which they shrink to keep to their lines.
_TITLE_SIZE, _TITLE_DETAIL_SIZE = 0.088, 0.044
_NAME_SIZE, _NAME_DETAIL_SIZE = 0.05, 0.033
_LEAST = 0.6
_TITLE_LINES, _DETAIL_LINES, _NAME_LINES = 3, 2, 2
# A lower third in a wide frame leaves the side of the frame free on which nobody is named.
_THIRD_WIDTH_WIDE, _THIRD_WIDTH = 0.65, 1.0

# In shares of the font size of the title or the name.
_RULE_WIDTH, _RULE_HEIGHT, _RULE_GAP = 1.5, 0.085, 0.34
_PADDING_X, _PADDING_Y, _BAR_WIDTH, _DETAIL_GAP = 0.5, 0.32, 0.2, 0.08


@dataclass(frozen=True, kw_only=True)
class TitlePlace:
    """A title on the frame [px]: text, the line of accent below it, and the detail below that."""

    text: TextBlock
    detail: TextBlock
    text_top: float
    rule: tuple[float, float, float, float]
    detail_top: float
    bottom: float


@dataclass(frozen=True, kw_only=True)
class ThirdPlace:
    """A lower third on the frame [px, edges even]: the bar of accent, the panel beside it, and the text inside.

    ``is_mirrored`` means that it stands on the right side, as text that runs from right to left wants it.
    """

    text: TextBlock
    detail: TextBlock
    bar: tuple[int, int, int, int]
    panel: tuple[int, int, int, int]
    text_x: float
    text_y: float
    detail_x: float
    detail_y: float
    is_mirrored: bool


def place_title(title: OnScreenTitle, frame: FrameSize, captions: CaptionStyle, own: Face | None) -> TitlePlace:
    """Place a title in the middle of what captions and lower thirds leave free."""
    top, bottom = _title_storey(frame, captions)
    side, width = min(frame.width, frame.height), safe_area(frame).width
    detail = _small(title.detail, round(side * _TITLE_DETAIL_SIZE), width, (bottom - top) * 0.3, own)
    room = _room(round(side * _TITLE_SIZE), _TITLE_LINES, width, (bottom - top) * (0.6 if detail.runs else 0.9))
    text = set_text(title.text, room, own, Align.MIDDLE)
    gap, rule = text.size * _RULE_GAP, text.size * _RULE_HEIGHT
    height = text.height + gap + rule + (gap * 0.6 + detail.height if detail.runs else 0)
    start = top + max(0.0, (bottom - top - height) / 2)
    rule_top, half = start + text.height + gap, text.size * _RULE_WIDTH / 2
    return TitlePlace(
        text=text,
        detail=detail,
        text_top=start,
        rule=(frame.width / 2 - half, rule_top, frame.width / 2 + half, rule_top + rule),
        detail_top=rule_top + rule + gap * 0.6,
        bottom=start + height,
    )


def place_third(title: OnScreenTitle, frame: FrameSize, captions: CaptionStyle, own: Face | None) -> ThirdPlace:
    """Place a lower third above the captions, as wide as its words and never wider than the safe area."""
    top, bottom = _third_storey(frame, captions)
    size, area = round(min(frame.width, frame.height) * _NAME_SIZE), safe_area(frame)
    share = _THIRD_WIDTH_WIDE if frame.width > frame.height else _THIRD_WIDTH
    width = area.width * share - 2 * size * _PADDING_X - _bar_width(size)
    height = bottom - top - 2 * size * _PADDING_Y
    detail_size = round(min(frame.width, frame.height) * _NAME_DETAIL_SIZE)
    detail = _small(title.detail, detail_size, width, height * 0.4, own, Align.START)
    left_over = max(LEAST_HEIGHT, height - detail.height - size * _DETAIL_GAP)
    text = set_text(title.text, _room(size, _NAME_LINES, width, left_over), own, Align.START)
    return _third_at(text, detail, size, area, _even(bottom))


def _third_at(text: TextBlock, detail: TextBlock, size: int, area: SafeArea, bottom: int) -> ThirdPlace:
    """Where everything stands in a lower third that ends at ``bottom``."""
    padding_x, padding_y, bar = size * _PADDING_X, size * _PADDING_Y, _bar_width(size)
    gap = size * _DETAIL_GAP if detail.runs else 0.0
    width = _even(max(text.width, detail.width) + 2 * padding_x)
    y = bottom - _even(text.height + gap + detail.height + 2 * padding_y)
    bar_x = _even(area.right) - bar if text.right_to_left else _even(area.left)
    panel_x = bar_x - width if text.right_to_left else bar_x + bar
    text_x, detail_x = (
        panel_x + (width - padding_x - block.width if text.right_to_left else padding_x)
        for block in (text, detail)
    )
    return ThirdPlace(
        text=text,
        detail=detail,
        bar=(bar_x, y, bar_x + bar, bottom),
        panel=(panel_x, y, panel_x + width, bottom),
        text_x=text_x,
        text_y=y + padding_y,
        detail_x=detail_x,
        detail_y=y + padding_y + text.height + gap,
        is_mirrored=text.right_to_left,
    )


def _bar_width(size: int) -> int:
    return max(2, _even(size * _BAR_WIDTH))


def _small(
    text: str, size: int, width: float, height: float, own: Face | None, align: Align = Align.MIDDLE
) -> TextBlock:
    return set_text(text, _room(size, _DETAIL_LINES, width, height), own, align)


def _room(size: int, lines: int, width: float, height: float) -> Room:
    return Room(width=width, height=height, lines=lines, size=size, least_size=round(size * _LEAST))


def _title_storey(frame: FrameSize, captions: CaptionStyle) -> tuple[float, float]:
    """Upper and lower edge of what titles may take: as much of the usual part as captions leave free."""
    top, bottom = frame.height * _TITLE_TOP, frame.height * _TITLE_BOTTOM
    caption_top, caption_bottom = _caption_storey(frame, captions)
    if caption_top >= bottom or caption_bottom <= top:
        return top, bottom
    below = safe_area(frame).bottom - caption_bottom
    return (top, caption_top) if caption_top - top >= below else (caption_bottom, safe_area(frame).bottom)


def _third_storey(frame: FrameSize, captions: CaptionStyle) -> tuple[float, float]:
    """Upper and lower edge of what lower thirds may take."""
    top, least = frame.height * _THIRD_TOP, frame.height * _THIRD_LEAST
    caption_top, caption_bottom = _caption_storey(frame, captions)
    safe = safe_area(frame).bottom
    bottom = min(safe, caption_top) if caption_bottom > top else safe
    return min(top, bottom - least), bottom


def _caption_storey(frame: FrameSize, captions: CaptionStyle) -> tuple[float, float]:
    """What captions of two lines take, with some air on both sides; below the frame when none are shown."""
    if not captions.burn_in:
        return frame.height, frame.height
    air, top = frame.height * _AIR, captions_top(captions, frame)
    lines = 2 * (_CAPTION_LINE_HEIGHT + _CAPTION_PADDING) * caption_font_size(captions, frame)
    return top - air, top + lines + air


def _even(length: float) -> int:
    return round(length / 2) * 2
