"""Opens outside sound and video with one forced demuxer and listed decoders; runs in the media child only.

FFmpeg is given the open file, never a path, and no protocol: a playlist in disguise can lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeVar

import av
import av.container

# PyAV imports these when it meets such a stream, and once the child is sealed nothing can be imported any more.
import av.subtitles.codeccontext
import av.subtitles.stream
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from shared.errors import BadMediaError
from shared.media import formats
from shared.media.results import MediaKind, MediaProbe
from shared.media.task import MediaTask

_PCM_DECODERS = {"pcm_u8", "pcm_alaw", "pcm_mulaw"} | {
    f"pcm_{sample}{order}" for sample in ("s16", "s24", "s32", "f32", "f64") for order in ("le", "be")
}
_SOUND_DECODERS = {"mp3float", "mp3", "flac", "aac", "alac", "opus", "libopus", "vorbis", "libvorbis"}
_PICTURE_DECODERS = {"h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "mpeg4"}
_COVER_DECODERS = {"mjpeg", "png"}
_DECODERS = _PCM_DECODERS | _SOUND_DECODERS | _PICTURE_DECODERS | _COVER_DECODERS
_STREAMS_MOST = 16

_Stream = TypeVar("_Stream", AudioStream, VideoStream)


@contextmanager
def opened(task: MediaTask) -> Iterator[av.container.InputContainer]:
    """Open the task's file with the demuxer of its format.

    Raises:
        BadMediaError: The container is broken.
    """
    task.check_size(task.limits.video_bytes if task.format.kind is MediaKind.VIDEO else task.limits.audio_bytes)
    options = {
        "protocol_whitelist": "none",
        "format_whitelist": task.format.demuxer or "none",
        "codec_whitelist": ",".join(sorted(_DECODERS)),
        "max_streams": str(_STREAMS_MOST),
    }
    with av.open(
        task.source, "r", format=task.format.demuxer, container_options=options, metadata_errors="replace"
    ) as container:
        yield container


def sound_of(container: av.container.InputContainer) -> AudioStream | None:
    """The first sound of a container.

    Raises:
        BadMediaError: Its codec is not on our list.
    """
    return _readable(container.streams.audio[0]) if container.streams.audio else None


def picture_of(container: av.container.InputContainer) -> VideoStream | None:
    """The first moving picture of a container; cover art is not one.

    Raises:
        BadMediaError: Its codec is not on our list.
    """
    cover = av.stream.Disposition.attached_pic
    moving = [stream for stream in container.streams.video if not stream.disposition & cover]
    return _readable(moving[0]) if moving else None


def _readable(stream: _Stream) -> _Stream:
    """Refuse a codec before its decoder is opened; FFmpeg's own list only binds while it looks at the header."""
    name = stream.codec_context.name if stream.codec_context else "unknown"
    if name not in _DECODERS:
        raise BadMediaError(f"its codec ({name}) cannot be read; export sound as WAV, FLAC or MP3, video as H.264")
    return stream


def probe_streams(task: MediaTask) -> MediaProbe:
    """Read the header of a sound or a video."""
    with opened(task) as container:
        picture, sound = picture_of(container), sound_of(container)
        main = picture or sound
        if main is None:
            raise BadMediaError("holds neither sound nor moving picture; export it again")
        kind = MediaKind.VIDEO if picture else MediaKind.AUDIO
        return MediaProbe(
            kind=kind,
            format=task.format.name,
            media_type=_media_type(task, kind),
            size_bytes=task.size_bytes,
            codec=main.codec_context.name,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            sample_rate=sound.rate if sound else None,
            channels=sound.channels if sound else None,
            duration=stated_duration(main, container),
        )


def stated_duration(stream: AudioStream | VideoStream, container: av.container.InputContainer) -> Fraction | None:
    """Length in seconds that the header gives, for the stream or else for the file."""
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    return None if container.duration is None else Fraction(container.duration, av.time_base)


def _media_type(task: MediaTask, kind: MediaKind) -> str:
    if kind is MediaKind.AUDIO and task.format in (formats.MP4, formats.WEBM):
        return task.format.media_type.replace("video/", "audio/")
    return task.format.media_type
