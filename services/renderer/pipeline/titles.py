"""Titles and lower thirds: drawn once, then laid over the frames that show them, coming and going softly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from services.renderer.pipeline.fonts import own_face
from services.renderer.pipeline.layers import Layers
from services.renderer.pipeline.painting import Painting
from services.renderer.pipeline.planes import Planes
from services.renderer.pipeline.title_layout import ThirdPlace, TitlePlace, place_third, place_title
from shared.contracts.look import Look
from shared.contracts.timeline import CaptionStyle, FrameSize, OnScreenTitle, Rate, TitleKind

# Long enough to be seen as a movement, short enough not to be waited for [ms].
_COMING_MS, _GOING_MS = 550, 380
# A title of few frames comes and goes in at most this part of its time.
_MOST_SHARE = 3

# How far a title rises while it comes, as a share of the frame's height.
_RISE = 0.022
# The darkened part behind a title: how much it covers, how far it reaches, in shares of the font size.
_SCRIM_OPACITY, _SCRIM_BLUR, _SCRIM_MARGIN = 0.52, 0.85, 2.4
_SHADOW_BLUR, _SHADOW_STRENGTH = 0.11, 1.15
_PANEL_OPACITY = 0.88
# The bar of a lower third comes first; the panel slides out from behind it in the rest of the time.
_BAR_PART = 0.35


class Titles:
    """The titles of one clip, ready to be laid over its frames; each is drawn when it is first seen.

    Args:
        files: Where the font with a given SHA-256 lies.
    Raises:
        BadAssetError: The author's own font was not handed over.
    """

    def __init__(
        self,
        titles: Sequence[OnScreenTitle],
        look: Look,
        captions: CaptionStyle,
        size: FrameSize,
        rate: Rate,
        files: Mapping[str, Path],
    ) -> None:
        self._titles = titles
        self._look, self._captions, self._size, self._rate = look, captions, size, rate
        self._own = own_face(look.font, files) if titles else None
        self._drawn: dict[OnScreenTitle, _Title | _LowerThird] = {}
        self.missing: set[str] = set()

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Draw what is to be seen in this frame of the clip into its planes."""
        shown = [title for title in self._titles if title.start_frame <= frame_number < title.end_frame]
        self._drawn = {title: self._drawn.get(title) or self._draw(title) for title in shown}
        for title, drawn in self._drawn.items():
            drawn.blend(planes, *_presence(title, frame_number, self._rate))

    def _draw(self, title: OnScreenTitle) -> _Title | _LowerThird:
        if title.kind is TitleKind.TITLE:
            place = place_title(title, self._size, self._captions, self._own)
            self.missing |= place.text.missing | place.detail.missing
            return _Title(place, self._look, self._size)
        third = place_third(title, self._size, self._captions, self._own)
        self.missing |= third.text.missing | third.detail.missing
        return _LowerThird(third, self._look, self._size)


class _Title:
    """A title as layers: a soft dark place that only fades, and the text, which rises as well."""

    def __init__(self, place: TitlePlace, look: Look, size: FrameSize) -> None:
        self._rise = size.height * _RISE
        self._scrim = _scrim(place, look, size)
        self._text = _title_text(place, look, size)

    def blend(self, planes: Planes, coming: float, going: float) -> None:
        here = min(_eased(coming), going)
        self._scrim.blend(planes, opacity=here)
        self._text.blend(planes, shift=(0.0, self._rise * (1 - _eased(coming))), opacity=here)


class _LowerThird:
    """A lower third as layers: the bar, which grows, and the panel, which slides out from behind it."""

    def __init__(self, place: ThirdPlace, look: Look, size: FrameSize) -> None:
        self._place = place
        self._bar = _bar(place, look)
        self._panel = _panel(place, look)
        left, top, right, bottom = place.panel
        self._window = (0, top, right, bottom) if place.is_mirrored else (left, top, size.width, bottom)

    def blend(self, planes: Planes, coming: float, going: float) -> None:
        here = min(coming, going)
        left, top, right, bottom = self._place.bar
        grown = _even((bottom - top) * _eased(here / _BAR_PART))
        self._bar.blend(planes, window=(left, bottom - grown, right, bottom))
        hidden = 1 - _eased((here - _BAR_PART) / (1 - _BAR_PART))
        width = self._place.panel[2] - self._place.panel[0]
        shift = width * hidden * (1 if self._place.is_mirrored else -1)
        if hidden < 1:
            self._panel.blend(planes, shift=(shift, 0.0), window=self._window)


def _presence(title: OnScreenTitle, frame_number: int, rate: Rate) -> tuple[float, float]:
    """How far a title has come, and how much of it has not gone yet: both 1 while it stands."""
    length = title.end_frame - title.start_frame

    def frames(milliseconds: int) -> int:
        return min(round(rate.fraction * milliseconds / 1000), length // _MOST_SHARE)

    coming = (frame_number - title.start_frame + 1) / (frames(_COMING_MS) + 1)
    going = (title.end_frame - frame_number) / (frames(_GOING_MS) + 1)
    return min(1.0, coming), min(1.0, going)


def _eased(part: float) -> float:
    """Quick at first, then slower to a halt."""
    left = 1 - min(1.0, max(0.0, part))
    return 1 - left * left * left


def _scrim(place: TitlePlace, look: Look, size: FrameSize) -> Layers:
    left, right = _extent(place, size)
    reach = place.text.size * _SCRIM_MARGIN
    painting = _painting(left - reach, place.text_top - reach, right + reach, place.bottom + reach, size)
    painting.glow(
        left, place.text_top, right, place.bottom, look.panel_colour, place.text.size * _SCRIM_BLUR, _SCRIM_OPACITY
    )
    return painting.layers()


def _title_text(place: TitlePlace, look: Look, size: FrameSize) -> Layers:
    left, right = _extent(place, size)
    reach = place.text.size / 2
    painting = _painting(left - reach, place.text_top - reach, right + reach, place.bottom + reach, size)
    blocks = ((place.text, place.text_top), (place.detail, place.detail_top))
    for block, top in blocks:
        blur = block.size * _SHADOW_BLUR
        painting.shade(block, (size.width - block.width) / 2, top, look.panel_colour, blur, _SHADOW_STRENGTH)
    painting.fill(*place.rule, look.accent_colour)
    for block, top in blocks:
        painting.write(block, (size.width - block.width) / 2, top, look.text_colour)
    return painting.layers()


def _bar(place: ThirdPlace, look: Look) -> Layers:
    painting = Painting.of_box(place.bar)
    painting.fill(*place.bar, look.accent_colour)
    return painting.layers()


def _panel(place: ThirdPlace, look: Look) -> Layers:
    painting = Painting.of_box(place.panel)
    painting.fill(*place.panel, look.panel_colour, _PANEL_OPACITY)
    painting.write(place.text, place.text_x, place.text_y, look.text_colour)
    painting.write(place.detail, place.detail_x, place.detail_y, look.accent_colour)
    return painting.layers()


def _extent(place: TitlePlace, size: FrameSize) -> tuple[float, float]:
    """Left and right edge of the widest of its parts."""
    half = max(place.text.width, place.detail.width, place.rule[2] - place.rule[0]) / 2
    return size.width / 2 - half, size.width / 2 + half


def _painting(left: float, top: float, right: float, bottom: float, size: FrameSize) -> Painting:
    """A painting of at least this part of the frame, as far as it lies on it."""
    return Painting.of_box(
        (
            max(0, _even(left - 1)),
            max(0, _even(top - 1)),
            min(size.width, _even(right + 1)),
            min(size.height, _even(bottom + 1)),
        )
    )


def _even(length: float) -> int:
    return round(length / 2) * 2
