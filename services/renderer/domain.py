"""What the files of a render are."""

from __future__ import annotations

MEDIA_TYPES: dict[str, str] = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "m3u8": "application/vnd.apple.mpegurl",
    "gif": "image/gif",
    "webp": "image/webp",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "json": "application/json",
    "jpg": "image/jpeg",
    "png": "image/png",
    "otio": "application/json",
}
"""Media types of the files of a render, by the end of their names."""


def media_type_of(name: str) -> str:
    """Media type of a file of a render."""
    return MEDIA_TYPES[name.rsplit(".", 1)[-1]]
