"""The look of a brand: fonts, colours and logo; data only, the drawing is the renderer's."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.message import Value
from shared.contracts.references import FontReference, ImageReference

Colour = Annotated[str, Field(pattern=r"^#[0-9A-F]{6}$")]


class Corner(StrEnum):
    """A corner of the frame."""

    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_RIGHT = "bottom_right"


class Watermark(Value):
    """A logo in a corner of every frame; sizes in thousandths of the shorter side of the frame."""

    image: ImageReference
    corner: Corner = Corner.TOP_RIGHT
    width_permille: int = Field(default=140, ge=20, le=500)
    margin_permille: int = Field(default=45, ge=0, le=250)
    opacity_permille: int = Field(default=850, ge=50, le=1000)


class Look(Value):
    """What titles and lower thirds are drawn in, and the logo.

    ``font`` is the author's own; without it, or for characters it lacks, the bundled ones are used.
    """

    font: FontReference | None = None
    text_colour: Colour = "#FFFFFF"
    accent_colour: Colour = "#FFD23F"
    panel_colour: Colour = "#101418"
    watermark: Watermark | None = None
