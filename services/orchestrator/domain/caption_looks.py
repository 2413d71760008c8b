"""What of a caption style some frames show; what they do not show is left at its default, so that caches hit."""

from __future__ import annotations

from shared.contracts.timeline import CaptionMode, CaptionStyle

_OFF = CaptionStyle(burn_in=False)
_MARKED = (CaptionMode.HIGHLIGHT, CaptionMode.KARAOKE)


def style_shown(style: CaptionStyle, *, has_cues: bool, has_titles: bool) -> CaptionStyle:
    """The part of a style that decides the pixels of frames.

    Args:
        has_cues: A caption is seen in them.
        has_titles: A title or lower third is; it keeps clear of captions, also where there are none.
    """
    if not style.burn_in or not (has_cues or has_titles):
        return _OFF
    if not has_cues:
        return CaptionStyle(
            mode=CaptionMode.ONE_WORD if style.mode is CaptionMode.ONE_WORD else _OFF.mode,  # takes one line
            size_permille=style.size_permille,
            baseline_permille=style.baseline_permille,
        )
    return style.model_copy(update=_unseen(style))


def _unseen(style: CaptionStyle) -> dict[str, str]:
    """Colours that are nowhere in the picture, at their defaults."""
    names = []
    if not style.box_opacity_permille:
        names.append("box_colour")
    if not style.outline_permille:
        names.append("outline_colour")
    if style.mode not in _MARKED:
        names.append("highlight_colour")
    return {name: getattr(_OFF, name) for name in names}
