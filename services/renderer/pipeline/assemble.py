"""Joins rendered segments and the finished sound into one file, by stream copy, and verifies the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import OutputContainer

from services.renderer.pipeline.encode import encoder_settings
from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.join import SegmentFile, VideoClock, join, set_tags
from services.renderer.pipeline.verify import verify_video, verify_webm
from shared.contracts.timeline import Timeline, VideoCodec


@dataclass(frozen=True, kw_only=True)
class AssemblyReport:
    """The verified video: frames, samples (None without a sound track) and size."""

    frames: int
    samples: int | None
    size_bytes: int


def assemble_video(
    timeline: Timeline,
    segments: Sequence[SegmentFile],
    audio: Path | None,
    out_path: Path,
    progress: Callable[[int, int], None],
    codec: VideoCodec = VideoCodec.H264,
) -> AssemblyReport:
    """Join segments and sound; the file starts with its index, so that it plays while it is fetched.

    VP9 becomes WebM, anything else MP4.

    Args:
        segments: In the order in which they are shown, all of ``codec``.
        audio: The finished sound, from ``mix_audio``: AAC, for WebM Opus; None for a silent video.
        progress: Called with (done, total) frames after each segment; may raise to stop.
    Raises:
        BadSegmentError: A segment does not hold its frames, or was encoded with other settings.
        BadAssemblyError: The joined file does not hold every frame and sample at its time.
        OSError: The file cannot be written; ``errno`` tells why.
    """
    check_total(timeline, segments)
    clock = VideoClock(timeline.rate)
    encoded = encoder_settings(codec, timeline.profile, timeline.rate)
    with _opened(out_path, clock, codec) as output:
        set_tags(output, timeline)
        join(output, clock, segments, encoded=encoded, sound=audio, progress=progress)
    samples = timeline.samples if audio is not None else None
    verify = verify_webm if codec is VideoCodec.VP9 else verify_video
    verify(out_path, timeline.rate, timeline.frames, samples)
    return AssemblyReport(frames=timeline.frames, samples=samples, size_bytes=out_path.stat().st_size)


def _opened(path: Path, clock: VideoClock, codec: VideoCodec) -> OutputContainer:
    if codec is VideoCodec.VP9:
        return av.open(str(path), "w", format="webm", options={"cues_to_front": "1", "fflags": "+bitexact"})
    options = {"movflags": "+faststart", "fflags": "+bitexact", **clock.options()}
    return av.open(str(path), "w", format="mp4", options=options)


def check_total(timeline: Timeline, segments: Sequence[SegmentFile]) -> None:
    """Refuse segments that do not fill the timeline.

    Raises:
        BadAssemblyError: They do not.
    """
    total = sum(segment.frames for segment in segments)
    if total != timeline.frames:
        raise BadAssemblyError(
            f"the segments hold {total} frames, the timeline {timeline.frames}; plan the assembly again"
        )
