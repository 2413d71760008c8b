"""Reads which characters a font has (table ``cmap``, OpenType 1.9), so that no empty box is ever drawn."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from shared.media.sfnt import tables_of

# Platform and encoding of tables that map Unicode: full repertoire first, then the basic plane.
_UNICODE_TABLES = ((3, 10), (0, 4), (0, 6), (3, 1), (0, 3))
_WORDS, _GROUPS = 4, 12
_LAST_CHARACTER = 0x10FFFF


def characters_of(font: Path) -> frozenset[int]:
    """Code points for which a font has a glyph.

    Raises:
        ValueError: The font has no Unicode table in format 4 or 12, or one whose ranges overlap.
    """
    return characters_in(tables_of(font.read_bytes()).get("cmap", b""))


def characters_in(table: bytes) -> frozenset[int]:
    """Code points for which a table ``cmap`` has a glyph.

    Raises:
        ValueError, struct.error: It is broken; reading takes time in proportion to its size all the same.
    """
    count = struct.unpack_from(">H", table, 2)[0]
    places = {
        (platform, encoding): offset
        for platform, encoding, offset in struct.iter_unpack(">HHI", table[4 : 4 + 8 * count])
    }
    for kind in _UNICODE_TABLES:
        if kind in places:
            return frozenset(_read(table[places[kind] :]))
    raise ValueError("it maps no Unicode characters")


def _read(subtable: bytes) -> Iterator[int]:
    number = struct.unpack_from(">H", subtable)[0]
    if number == _GROUPS:
        return _from_groups(subtable)
    if number == _WORDS:
        return _from_segments(subtable)
    raise ValueError(f"its cmap of format {number} is not supported")


def _from_groups(subtable: bytes) -> Iterator[int]:
    count = struct.unpack_from(">I", subtable, 12)[0]
    before = -1
    for first, last, _ in struct.iter_unpack(">III", subtable[16 : 16 + 12 * count]):
        _check_range(before, first, last)
        before = last
        yield from range(first, last + 1)


def _from_segments(subtable: bytes) -> Iterator[int]:
    """Format 4: ends, starts, deltas and offsets of segments, each an array of 16-bit words."""
    count = struct.unpack_from(">H", subtable, 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", subtable, 14)
    starts = struct.unpack_from(f">{count}H", subtable, 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", subtable, 16 + 4 * count)
    offsets_at = 16 + 6 * count
    offsets = struct.unpack_from(f">{count}H", subtable, offsets_at)
    before = -1
    for number, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        _check_range(before, start, end)
        before = end
        for code in range(start, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                at = offsets_at + 2 * number + offset + 2 * (code - start)
                glyph = struct.unpack_from(">H", subtable, at)[0]
                if glyph == 0:
                    continue
            if (glyph + delta) & 0xFFFF:
                yield code


def _check_range(before: int, first: int, last: int) -> None:
    """Ranges must rise, as the standard has it: those that overlap could make a small file take for ever."""
    if not before < first <= last <= _LAST_CHARACTER:
        raise ValueError("its cmap has ranges that overlap")
