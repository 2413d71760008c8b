"""The fonts that text is drawn with: the bundled ones, and an author's own."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import ImageFont

from services.renderer.pipeline.errors import BadAssetError
from shared.contracts.references import FontReference
from shared.media.cmap import characters_of

_FOLDER = Path(__file__).parent.parent / "fonts"
_EMOJI_FILE = "NotoColorEmoji-single.ttf"
_JOINED_EMOJI_FILE = "NotoColorEmoji-sequences.ttf"
_HAN_FILE = "NotoSansCJK-Bold-subset.otf"

CHAIN = (
    "NotoSans-Bold.ttf",
    "NotoSansDevanagari-Bold.ttf",
    "NotoSansArabic-Bold.ttf",
    "NotoSansHebrew-Bold.ttf",
    "NotoSansTamil-Bold.ttf",
    "NotoSansThai-Bold.ttf",
    _HAN_FILE,
    "NotoSansSymbols2-subset.ttf",
    "NotoSansSymbols-Bold-subset.ttf",
    "NotoSansMath-subset.ttf",
    _EMOJI_FILE,
)
"""A character is drawn by the first font that has it."""

EMOJI_STRIKE = 109
"""The one size [px] in which the emoji fonts have their pictures."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """A font file, open in the sizes that were asked for as long as somebody refers to it.

    An emoji face has colour pictures in place of outlines.
    """

    path: Path
    characters: frozenset[int] = field(repr=False)
    _sizes: dict[int, ImageFont.FreeTypeFont] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_emoji(self) -> bool:
        """Whether its glyphs are pictures of a fixed size."""
        return self.name in (_EMOJI_FILE, _JOINED_EMOJI_FILE)

    @property
    def is_han(self) -> bool:
        """Whether it draws Chinese and Japanese, whose shared characters differ in shape."""
        return self.name == _HAN_FILE

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at a size [px]; an emoji face only exists at :data:`EMOJI_STRIKE`."""
        size = EMOJI_STRIKE if self.is_emoji else size
        if size not in self._sizes:
            raqm = ImageFont.Layout.RAQM
            self._sizes[size] = ImageFont.truetype(str(self.path), size, layout_engine=raqm)
        return self._sizes[size]

    def has(self, character: str) -> bool:
        """Whether it can draw this character."""
        return ord(character) in self.characters


@cache
def faces() -> tuple[Face, ...]:
    """The faces of the chain."""
    return tuple(_face_of(_FOLDER / name) for name in CHAIN)


@cache
def emoji_faces() -> tuple[Face, Face]:
    """The face of emoji of one character, and that of joined ones."""
    return faces()[-1], _face_of(_FOLDER / _JOINED_EMOJI_FILE)


def own_face(font: FontReference | None, files: Mapping[str, Path]) -> Face | None:
    """The face of an author's own font, if there is one.

    Args:
        files: Where the font with a given SHA-256 lies.
    Raises:
        BadAssetError: It was not handed over, or is no font that intake has let through.
    """
    if font is None:
        return None
    path = files.get(font.asset.sha256)
    if path is None:
        raise BadAssetError(f"font {font.asset.sha256} was not handed over")
    try:
        return _face_of(path)
    except (ValueError, OSError, struct.error) as error:
        raise BadAssetError(f"font {font.asset.sha256} cannot be read: {error}") from error


@cache
def font_digests() -> dict[str, str]:
    """SHA-256 of each bundled font."""
    return {
        name: hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() for name in (*CHAIN, _JOINED_EMOJI_FILE)
    }


def _face_of(path: Path) -> Face:
    return Face(path=path, characters=characters_of(path))
