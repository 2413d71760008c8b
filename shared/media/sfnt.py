"""The container of TrueType and OpenType fonts: a directory of tables (OpenType 1.9, "Organization of a font")."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_HEADER, _ENTRY = struct.Struct(">4sHHHH"), struct.Struct(">4sIII")
_MOST_TABLES = 64
_ALIGNMENT = 4


def tables_of(font: bytes) -> dict[str, bytes]:
    """The tables of a font by their tags.

    Raises:
        ValueError: A table lies outside the file, stands there twice, or there are too many.
        struct.error: The directory is cut off.
    """
    count = _HEADER.unpack_from(font)[1]
    if count > _MOST_TABLES:
        raise ValueError(f"it has {count} tables")
    tables: dict[str, bytes] = {}
    for number in range(count):
        tag, _, offset, length = _ENTRY.unpack_from(font, _HEADER.size + number * _ENTRY.size)
        name = tag.decode("latin-1")
        if name in tables or offset + length > len(font):
            raise ValueError(f"its table {name!r} is not whole")
        tables[name] = font[offset : offset + length]
    return tables


def font_of(version: bytes, tables: Mapping[str, bytes]) -> bytes:
    """A font file made of tables; equal tables give equal bytes, in whatever order they come.

    Args:
        version: Its first four bytes, which say what kind of outlines it has.
    """
    names = sorted(tables)
    power = max(0, len(names).bit_length() - 1)
    search = 16 << power
    directory = _HEADER.pack(version, len(names), search, power, len(names) * 16 - search)
    offset, body = _HEADER.size + _ENTRY.size * len(names), b""
    for name in names:
        table = tables[name]
        directory += _ENTRY.pack(name.encode("latin-1"), _checksum(table), offset + len(body), len(table))
        body += table + bytes(-len(table) % _ALIGNMENT)
    return directory + body


def _checksum(table: bytes) -> int:
    """Sum of its 32-bit words, the last one filled up with zeros."""
    padded = table + bytes(-len(table) % _ALIGNMENT)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
