"""What a file is, by its first bytes; names and types that a server states prove nothing."""

from __future__ import annotations

from enum import StrEnum


class FileKind(StrEnum):
    """Kinds of files that providers make."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    MP3 = "audio/mpeg"
    WAV = "audio/wav"
    FLAC = "audio/flac"
    OGG = "audio/ogg"
    JSON = "application/json"


PICTURES = frozenset({FileKind.JPEG, FileKind.PNG, FileKind.WEBP})
SOUNDS = frozenset({FileKind.MP3, FileKind.WAV, FileKind.FLAC, FileKind.OGG})
HEAD_BYTES = 16


def kind_of(head: bytes) -> FileKind | None:
    """The kind of a file that starts with ``head``, 16 bytes or more; None for any other kind."""
    if head[:4] == b"RIFF":
        return {b"WEBP": FileKind.WEBP, b"WAVE": FileKind.WAV}.get(head[8:12])
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
        return FileKind.MP3  # a frame of MPEG audio without a tag before it
    return FileKind.JSON if head.lstrip()[:1] in (b"[", b"{") else None


_STARTS = (
    (b"\xff\xd8\xff", FileKind.JPEG),
    (b"\x89PNG\r\n\x1a\n", FileKind.PNG),
    (b"ID3", FileKind.MP3),
    (b"fLaC", FileKind.FLAC),
    (b"OggS", FileKind.OGG),
)
