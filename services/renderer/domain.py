"""What makes two renders the same: the names under which segments and sound tracks are kept."""

from __future__ import annotations

import hashlib
import json

from shared.contracts.timeline import Timeline

MEDIA_TYPES: dict[str, str] = {
    "mp4": "video/mp4",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "json": "application/json",
    "jpg": "image/jpeg",
    "otio": "application/json",
}
"""Media types of the files of a render, by the end of their names."""


def segment_digest(spec_sha256: str, engine: str) -> str:
    """Name of a rendered segment: its spec and everything else that decides its bytes."""
    return hashlib.sha256(f"segment\n{spec_sha256}\n{engine}".encode()).hexdigest()


def sound_digest(timeline: Timeline, engine: str) -> str:
    """Name of a mixed sound track: only what is heard counts, so pictures and captions may change."""
    heard = {
        "engine": engine,
        "samples": timeline.samples,
        "voices": [(clip.audio.asset.sha256, clip.audio.samples, clip.start_sample) for clip in timeline.voices],
        "music": timeline.music and timeline.music.model_dump(mode="json", exclude={"audio": {"asset": {"key"}}}),
    }
    return hashlib.sha256(json.dumps(heard, sort_keys=True).encode()).hexdigest()


def media_type_of(name: str) -> str:
    """Media type of a file of a render."""
    return MEDIA_TYPES[name.rsplit(".", 1)[-1]]
