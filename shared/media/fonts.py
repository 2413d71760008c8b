"""Opens outside fonts and puts them in normal form; runs in the media child only.

The normal form is a TrueType or OpenType file with the tables that drawing outlines needs, and no other: pictures
(``sbix``, ``CBDT``, ``SVG``), variations, other shaping machines and signatures are left out. A variable font
thereby becomes its default instance. A font in normal form may pass here again and comes out the same.
"""

from __future__ import annotations

import io
import struct
import unicodedata
from collections.abc import Iterator, Sequence

from PIL import ImageFont

from shared.errors import BadMediaError
from shared.media import formats
from shared.media.cmap import characters_in
from shared.media.results import MediaKind, MediaProbe, NormalisedFont
from shared.media.sfnt import font_of, tables_of
from shared.media.task import MediaTask

_NEEDED = ("OS/2", "cmap", "head", "hhea", "hmtx", "maxp", "name")
_TRUETYPE_OUTLINES, _POSTSCRIPT_OUTLINES = ("glyf", "loca"), ("CFF ",)
_WANTED = ("GDEF", "GPOS", "GSUB", "cvt ", "fpgm", "gasp", "kern", "prep")
_HEAD_BYTES, _EM_AT = 54, 18

# OpenType 1.9, table head: units for each em.
_EM_UNITS = range(16, 16_385)
# A font has at most 65,535 glyphs; each may stand for some characters.
_MOST_CHARACTERS = 150_000
# The widest known character in use, U+FDFD, takes some 12 em.
_WIDEST_EM = 16
_TRIAL_SIZE = 32
_SHAPED_AT_A_TIME = 64
# Unicode general categories of what ends a line or is no character: never part of a text that is shaped.
_NEVER_SHAPED = ("Cc", "Cs", "Zl", "Zp")
_FAMILY_CHARACTERS = 100


def probe_font(task: MediaTask) -> MediaProbe:
    """Look at a font's directory of tables."""
    _read_tables(task)
    return MediaProbe(
        kind=MediaKind.FONT,
        format=task.format.name,
        media_type=task.format.media_type,
        size_bytes=task.size_bytes,
        codec=task.format.name,
    )


def normalise_font(task: MediaTask) -> NormalisedFont:
    """Check a font by drawing each of its characters, and write it in normal form to the task's output."""
    tables = _read_tables(task)
    outlines = _outlines_in(tables)
    kept = {name: table for name, table in tables.items() if name in (*_NEEDED, *outlines, *_WANTED)}
    _check_em(kept["head"])
    characters = _characters(kept["cmap"])
    version = formats.OPENTYPE_MAGIC if outlines == _POSTSCRIPT_OUTLINES else formats.TRUETYPE_MAGIC
    font = font_of(version, kept)
    family = _drawn(font, characters)
    task.opened_output().write(font)
    return NormalisedFont(
        family=family,
        characters=len(characters),
        size_bytes=len(font),
        source_format=task.format.name,
        warnings=("it is a variable font, of which the default form is shown",) if "fvar" in tables else (),
    )


def _read_tables(task: MediaTask) -> dict[str, bytes]:
    task.check_size(task.limits.font_bytes)
    try:
        return tables_of(task.source.read())
    except (ValueError, struct.error) as error:
        raise BadMediaError(f"is a damaged or incomplete font ({error}); download or export it again") from error


def _outlines_in(tables: dict[str, bytes]) -> tuple[str, ...]:
    missing = [name.strip() for name in _NEEDED if name not in tables]
    if missing:
        raise BadMediaError(f"is no complete font: it lacks {', '.join(missing)}; download or export it again")
    for outlines in (_TRUETYPE_OUTLINES, _POSTSCRIPT_OUTLINES):
        if all(name in tables for name in outlines):
            return outlines
    raise BadMediaError("is a font without outlines, of pictures perhaps; give a TTF or OTF with outlines")


def _check_em(head: bytes) -> None:
    if len(head) < _HEAD_BYTES or struct.unpack_from(">H", head, _EM_AT)[0] not in _EM_UNITS:
        raise BadMediaError("is a damaged font: its letters have no size; download or export it again")


def _characters(cmap: bytes) -> Sequence[str]:
    """The characters that it maps, in order."""
    try:
        found = characters_in(cmap)
    except (ValueError, struct.error) as error:
        raise BadMediaError(f"is a font that cannot be read ({error}); give another") from error
    if len(found) > _MOST_CHARACTERS:
        raise BadMediaError(f"maps over {_MOST_CHARACTERS} characters; give a font with fewer")
    characters = map(chr, sorted(found))
    return [character for character in characters if unicodedata.category(character) not in _NEVER_SHAPED]


def _drawn(font: bytes, characters: Sequence[str]) -> str:
    """Draw and shape everything once, so that nothing unexpected comes later; gives the name of the family."""
    plain, shaping = (
        ImageFont.FreeTypeFont(io.BytesIO(font), _TRIAL_SIZE, layout_engine=engine)
        for engine in (ImageFont.Layout.BASIC, ImageFont.Layout.RAQM)
    )
    if not any([_is_seen(plain, character) for character in characters]):  # noqa: C419  # all are to be drawn
        raise BadMediaError("is a font in which nothing can be seen; give another")
    for text in _portions(characters):
        shaping.getlength(text)
    family = "".join(letter for letter in plain.getname()[0] or "" if letter.isprintable())
    return family[:_FAMILY_CHARACTERS]


def _is_seen(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Draw one character, unless it is monstrous."""
    box = font.getbbox(character)
    if max(map(abs, box)) > _WIDEST_EM * _TRIAL_SIZE:
        raise BadMediaError(
            f"draws U+{ord(character):04X} over {_WIDEST_EM} times the size of a letter; give another font"
        )
    return font.getmask(character).getbbox() is not None


def _portions(characters: Sequence[str]) -> Iterator[str]:
    for at in range(0, len(characters), _SHAPED_AT_A_TIME):
        yield "".join(characters[at : at + _SHAPED_AT_A_TIME])
