"""The bundled fonts, and which of them draws which part of a text."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from PIL import ImageFont

from shared.media.cmap import characters_of

_FOLDER = Path(__file__).parent.parent / "fonts"
_EMOJI_FILE = "NotoColorEmoji-single.ttf"

CHAIN = (
    "NotoSans-Bold.ttf",
    "NotoSansDevanagari-Bold.ttf",
    "NotoSansArabic-Bold.ttf",
    "NotoSansHebrew-Bold.ttf",
    "NotoSansSymbols2-subset.ttf",
    "NotoSansSymbols-Bold-subset.ttf",
    "NotoSansMath-subset.ttf",
    _EMOJI_FILE,
)
"""A character is drawn by the first font that has it."""

EMOJI_STRIKE = 109
"""The one size [px] in which the emoji font has its pictures."""

_AS_EMOJI = "\N{VARIATION SELECTOR-16}"
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
# Unicode general categories: marks and format characters, which belong to what they follow; and what has no shape.
_JOINING = ("Mn", "Mc", "Me", "Cf")
_SILENT = ("Cf", "Cc", "Zs", "Zl", "Zp")


@dataclass(frozen=True, kw_only=True)
class Face:
    """A bundled font file; the emoji face has colour pictures in place of outlines."""

    name: str
    characters: frozenset[int] = field(repr=False)

    @property
    def is_emoji(self) -> bool:
        """Whether its glyphs are pictures of a fixed size."""
        return self.name == _EMOJI_FILE

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at a size [px]; the emoji face only exists at :data:`EMOJI_STRIKE`."""
        return _sized(self.name, EMOJI_STRIKE if self.is_emoji else size)

    def has(self, character: str) -> bool:
        """Whether it can draw this character."""
        return ord(character) in self.characters


@dataclass(frozen=True, kw_only=True)
class Run:
    """Part of a word that one face draws, in logical order."""

    face: Face
    text: str


@cache
def faces() -> tuple[Face, ...]:
    """The faces of the chain."""
    return tuple(Face(name=name, characters=characters_of(_FOLDER / name)) for name in CHAIN)


@cache
def font_digests() -> dict[str, str]:
    """SHA-256 of each bundled font."""
    return {name: hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() for name in CHAIN}


def runs_of(word: str) -> tuple[list[Run], set[str]]:
    """Split a word by face; the set holds visible characters that no face has, which are left out."""
    runs: list[Run] = []
    missing: set[str] = set()
    for character, following in _with_next(unicodedata.normalize("NFC", word)):
        face = _face_for(character, following, runs[-1].face if runs else None)
        if face is None:
            if not _is_invisible(character):
                missing.add(character)
        elif runs and runs[-1].face is face:
            runs[-1] = Run(face=face, text=runs[-1].text + character)
        else:
            runs.append(Run(face=face, text=character))
    return runs, missing


def _with_next(text: str) -> Iterator[tuple[str, str]]:
    return zip(text, [*text[1:], ""], strict=True)


def _face_for(character: str, following: str, current: Face | None) -> Face | None:
    """Marks, digits and punctuation stay with what they follow; letters go to the first face of the chain."""
    if following == _AS_EMOJI and faces()[-1].has(character):
        return faces()[-1]
    category = unicodedata.category(character)
    if category in _JOINING or character in _SKIN_TONES:
        return current if current is not None and not current.is_emoji and current.has(character) else None
    if not category.startswith("L") and current is not None and not current.is_emoji and current.has(character):
        return current
    return next((face for face in faces() if face.has(character)), None)


def _is_invisible(character: str) -> bool:
    """Whether nothing is lost when it is left out: it only says how its neighbours are drawn."""
    return unicodedata.category(character) in _SILENT or character in _SELECTORS or character in _SKIN_TONES


@cache
def _sized(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FOLDER / name), size, layout_engine=ImageFont.Layout.RAQM)
