"""Captions: the words of a project file, and what a draft says.

style: {captions: karaoke}     # or: true, false, classic, bold, minimal, pop, documentary
style:
  captions:
    style: bold                # what follows changes it
    size: 60                   # thousandths of the frame's height
    text_colour: "#FFFFFF"
    position: bottom           # or: middle, top, or the lower edge of the text in thousandths from the top
    font: my-font.ttf
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from ruamel.yaml import YAML

from shared.contracts.timeline import CaptionMode, CaptionStyle
from studiomatic.project_media import ProjectMedia
from studiomatic.project_picture import ColourWord

_STYLES_FILE = Path(__file__).with_name("caption_styles.yaml")
_PLAIN = "classic"
_POSITIONS = {"bottom": 880, "middle": 580, "top": 200}

# The word of the file, the field of the contract, and how many of its units make one of the word's.
_PLAIN_FIELDS = ("mode", "text_colour", "highlight_colour", "box_colour", "outline_colour")
_SCALED_FIELDS = {
    "size": ("size_permille", 1),
    "outline": ("outline_permille", 1),
    "position": ("baseline_permille", 1),
    "box_opacity": ("box_opacity_permille", 1000),
}


def _block(value: Any) -> Any:
    """``true``, ``false`` and a name alone are short for a block."""
    if isinstance(value, bool):
        return {"burned_in": value}
    return {"style": _known(value)} if isinstance(value, str) else value


def _known(value: Any) -> Any:
    if value not in named_styles():
        raise ValueError(f"write true, false, or one of {', '.join(named_styles())}")
    return value


def _position(value: Any) -> Any:
    if isinstance(value, str):
        if value not in _POSITIONS:
            raise ValueError(f"write {', '.join(_POSITIONS)}, or how far from the top in thousandths")
        return _POSITIONS[value]
    return value


class CaptionWords(BaseModel):
    """How captions look; what is not said is as the named style has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Annotated[str, BeforeValidator(_known)] = _PLAIN
    burned_in: bool = True
    mode: CaptionMode | None = None
    font: str | None = None
    size: int | None = Field(default=None, ge=20, le=120)
    text_colour: ColourWord | None = None
    highlight_colour: ColourWord | None = None
    box_colour: ColourWord | None = None
    box_opacity: float | None = Field(default=None, ge=0, le=1)
    outline_colour: ColourWord | None = None
    outline: int | None = Field(default=None, ge=0, le=15)
    position: Annotated[int, BeforeValidator(_position), Field(ge=100, le=980)] | None = None

    def caption_style(self, media: ProjectMedia) -> CaptionStyle:
        """What the draft says of it.

        Raises:
            InvalidInputError: There is no such font file.
            BadMediaError: The font cannot be used.
        """
        return named_styles()[self.style].model_copy(
            update={
                **self._changes(),
                "burn_in": self.burned_in,
                "font": media.font(self.font, "style, captions, font") if self.font else None,
            }
        )

    def _changes(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in _PLAIN_FIELDS}
        scaled = {
            field: None if getattr(self, name) is None else round(getattr(self, name) * factor)
            for name, (field, factor) in _SCALED_FIELDS.items()
        }
        return {field: value for field, value in (plain | scaled).items() if value is not None}


CaptionEntry = Annotated[CaptionWords, BeforeValidator(_block)]


def caption_entry(style: CaptionStyle, media: dict[str, str]) -> Any:
    """The words for a style: the name that comes nearest, and what differs from it."""
    found = [(name, _differences(style, named)) for name, named in named_styles().items()]
    name, entry = min(found, key=lambda candidate: len(candidate[1]))
    if not style.burn_in:
        entry = {"burned_in": False, **entry}
    if style.font is not None:
        entry["font"] = media.get(style.font.asset.sha256)
    if name == _PLAIN and entry in ({}, {"burned_in": False}):
        return style.burn_in
    return {"style": name, **entry} if entry else name


def _differences(style: CaptionStyle, named: CaptionStyle) -> dict[str, Any]:
    plain = {name: getattr(style, name) for name in _PLAIN_FIELDS if getattr(style, name) != getattr(named, name)}
    scaled = {
        name: getattr(style, field) / factor if factor > 1 else getattr(style, field)
        for name, (field, factor) in _SCALED_FIELDS.items()
        if getattr(style, field) != getattr(named, field)
    }
    entry = plain | scaled
    return entry | {"mode": style.mode.value} if "mode" in entry else entry


@cache
def named_styles() -> dict[str, CaptionStyle]:
    """The named styles, those of the file, each on top of the plain one."""
    raw: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(_STYLES_FILE.read_text("utf-8"))
    return {name: _style_of(raw[_PLAIN] | words) for name, words in raw.items()}


def _style_of(words: dict[str, Any]) -> CaptionStyle:
    scaled = {field: round(words[name] * factor) for name, (field, factor) in _SCALED_FIELDS.items()}
    return CaptionStyle(**{name: words[name] for name in _PLAIN_FIELDS}, **scaled)
