"""What the files of a render are, and which sound files a timeline asks for."""

from __future__ import annotations

from shared.contracts.timeline import Output, Timeline

MEDIA_TYPES: dict[str, str] = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "opus": "audio/ogg",
    "gif": "image/gif",
    "webp": "image/webp",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "ass": "text/x-ssa",
    "json": "application/json",
    "jpg": "image/jpeg",
    "png": "image/png",
    "otio": "application/json",
}
"""Media types of the files of a render, by the end of their names."""


def media_type_of(name: str) -> str:
    """Media type of a file of a render."""
    return MEDIA_TYPES[name.rsplit(".", 1)[-1]]


SOUND = "sound.m4a"
"""The finished sound, which the video is joined with."""

OPUS = "sound.opus"
"""The same for WebM."""

STEMS: dict[str, str] = {"stem_voice.wav": "voice", "stem_music.wav": "music", "stem_clips.wav": "clips"}
"""Names of stems, and the part of the mix that each holds."""

_SOUND_FILES = {Output.WEBM: OPUS, Output.MP3: "sound.mp3", Output.WAV: "sound.wav"}


def sound_files(timeline: Timeline) -> tuple[str, ...]:
    """Names of the sound files that are made beside :data:`SOUND`; a stem only of what is there."""
    files = [name for output, name in _SOUND_FILES.items() if output in timeline.outputs]
    if Output.STEMS in timeline.outputs:
        there = {"voice": timeline.voices, "music": timeline.music, "clips": timeline.sounds}
        files += [name for name, part in STEMS.items() if there[part]]
    return tuple(files)
