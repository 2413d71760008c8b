"""Reads what a WAV header claims about its length; FFmpeg quietly trusts the size of the file instead."""

from __future__ import annotations

import io

_CHUNK_HEADER_BYTES = 8
_CHUNKS_MOST = 100


def stated_sound_end(source: io.FileIO, most: int) -> int | None:
    """Offset at which the sound of a WAV file should end, or None when the header does not know.

    Programs that write to a pipe put 0 or a huge number where the length belongs; beyond ``most`` bytes a length
    is taken for such a placeholder. Leaves the file position anywhere.
    """
    position = 12  # after "RIFF", size, "WAVE"
    for _ in range(_CHUNKS_MOST):
        source.seek(position)
        header = source.read(_CHUNK_HEADER_BYTES)
        if len(header) < _CHUNK_HEADER_BYTES:
            return None
        size = int.from_bytes(header[4:], "little")
        position += _CHUNK_HEADER_BYTES
        if header[:4] == b"data":
            return position + size if 0 < size <= most else None
        position += size + size % 2  # chunks start at even offsets
    return None
