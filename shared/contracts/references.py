"""References to stored objects; messages carry these instead of bytes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.contracts.message import Value

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ObjectKey = Annotated[str, Field(pattern=r"^accounts/[^/]+/.+$", max_length=1024)]


class AssetReference(Value):
    """An immutable stored object: where it is and what its bytes must be."""

    key: ObjectKey
    sha256: Sha256
    size_bytes: int = Field(ge=0)
    media_type: str = Field(pattern=r"^[a-z]+/[a-z0-9.+-]+$")


class Point(Value):
    """A place in a picture, from its left and upper edge [thousandths]."""

    x_permille: int = Field(ge=0, le=1000)
    y_permille: int = Field(ge=0, le=1000)


class ImageReference(Value):
    """A normalised picture: 8-bit RGB, upright, within the pixel cap; a logo may have an alpha channel, too."""

    asset: AssetReference
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    interest: Point | None = Field(default=None, description="Where the eye goes first, if anywhere; a guess")


class AudioReference(Value):
    """A normalised sound: 48 kHz stereo."""

    asset: AssetReference
    samples: int = Field(ge=1, description="Length in sample frames at 48 kHz")


class FontReference(Value):
    """A checked font file of the author's own: TrueType or OpenType outlines."""

    asset: AssetReference
    family: str = Field(max_length=100)
