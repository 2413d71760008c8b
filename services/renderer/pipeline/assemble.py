"""Joins rendered segments and the finished sound into one MP4 file, by stream copy, and verifies the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from services.renderer.pipeline.encode import REORDER_FRAMES
from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.join import SegmentFile, VideoClock, join, set_tags
from services.renderer.pipeline.verify import verify_video
from shared.contracts.timeline import Timeline


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
) -> AssemblyReport:
    """Join segments and sound; the file starts with its index, so that it plays while it is fetched.

    Args:
        segments: In the order in which they are shown.
        audio: The finished sound, from ``mix_audio``; None for a silent video.
        progress: Called with (done, total) frames after each segment; may raise to stop.
    Raises:
        BadSegmentError: A segment does not hold its frames, or was encoded with other settings.
        BadAssemblyError: The joined file does not hold every frame and sample at its time.
        OSError: The file cannot be written; ``errno`` tells why.
    """
    check_total(timeline, segments)
    clock = VideoClock(timeline.rate)
    options = {"movflags": "+faststart", "fflags": "+bitexact", **clock.options()}
    with av.open(str(out_path), "w", format="mp4", options=options) as output:
        set_tags(output, timeline)
        join(output, clock, segments, reordered=REORDER_FRAMES, sound=audio, progress=progress)
    samples = timeline.samples if audio is not None else None
    verify_video(out_path, timeline.rate, timeline.frames, samples)
    return AssemblyReport(frames=timeline.frames, samples=samples, size_bytes=out_path.stat().st_size)


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
