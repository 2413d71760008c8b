"""Looks at a joined video as a stranger would, before it counts as made."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream

from services.renderer.pipeline.errors import BadAssemblyError
from shared.contracts.timeline import SAMPLE_RATE, Rate

# WebM counts whole milliseconds, and in its length also the 6.5 ms that a decoder of Opus needs to get going.
_WEBM_SLACK = Fraction(8, 1000)


def verify_video(path: Path, rate: Rate, frames: int, samples: int | None) -> None:
    """Check that a video holds exactly ``frames`` frames and ``samples`` samples, each at its time.

    Raises:
        BadAssemblyError: It does not; names the first difference.
    """
    with av.open(str(path), format="mp4") as container:
        _verify_pictures(container, rate, frames)
        if samples is not None:
            _verify_sound(container, samples)
        elif container.streams.audio:
            raise BadAssemblyError("the video has a sound track that was not asked for")
    if not index_comes_first(path):
        raise BadAssemblyError("the index of the video is not at its start")


def verify_webm(path: Path, rate: Rate, frames: int, samples: int | None) -> None:
    """Check a WebM video like :func:`verify_video`; its times are whole milliseconds.

    Raises:
        BadAssemblyError: It does not hold every frame and its sound; names the first difference.
    """
    with av.open(str(path), format="webm") as container:
        verify_frames(container, rate, frames)
        length = Fraction(container.duration or 0, av.time_base)
        if (samples is not None) != bool(container.streams.audio):
            raise BadAssemblyError("the video has no sound track, or one that was not asked for")
    if abs(length - frames / rate.fraction) > _WEBM_SLACK:
        raise BadAssemblyError(f"the video lasts {float(length)} s instead of {frames} frames")


def index_comes_first(path: Path) -> bool:
    """Whether an MP4 file's ``moov`` box lies before its ``mdat`` box (ISO/IEC 14496-12)."""
    kinds = (kind for kind, _, _ in mp4_boxes(path) if kind in (b"moov", b"mdat"))
    return next(kinds, None) == b"moov"


def mp4_boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset and size of each box at the top of an MP4 file (ISO/IEC 14496-12, 4.2)."""
    with path.open("rb") as file:
        offset = 0
        while len(header := file.read(8)) == 8:
            size, kind = int.from_bytes(header[:4], "big"), header[4:]
            if size == 1:
                size = int.from_bytes(file.read(8), "big")
            yield kind, offset, size
            offset = file.seek(offset + max(size, 8))


def verify_frames(container: InputContainer, rate: Rate, frames: int) -> None:
    """Check that a video track shows exactly ``frames`` frames, each at its time, and decodes in order.

    Raises:
        BadAssemblyError: It does not; names the first difference.
    """
    tick = container.streams.video[0].time_base or Fraction(0)
    shown: set[int] = set()
    last_decoded: int | None = None
    for packet in container.demux(container.streams.video[0]):
        if not packet.size:
            continue
        if packet.pts is None or packet.dts is None or (last_decoded is not None and packet.dts <= last_decoded):
            raise BadAssemblyError(f"decoding time does not grow at packet {len(shown)}")
        last_decoded = packet.dts
        shown.add(_frame_at(packet.pts * tick, rate, tick))
    if shown != set(range(frames)):
        raise BadAssemblyError(f"the video shows {len(shown)} frames in place of {frames}, or at other times")


def _frame_at(seconds: Fraction, rate: Rate, tick: Fraction) -> int:
    """The frame that is shown from a time on, -1 where none is; times may be rounded to the container's ticks."""
    frame = round(seconds * rate.fraction)
    return frame if abs(seconds - frame / rate.fraction) < tick else -1


def _duration(stream: Stream) -> Fraction:
    """Length of a track [s]; a track without one is empty."""
    return Fraction(stream.duration or 0) * (stream.time_base or 0)


def _verify_pictures(container: InputContainer, rate: Rate, frames: int) -> None:
    verify_frames(container, rate, frames)
    duration = _duration(container.streams.video[0])
    if duration != frames / rate.fraction:
        raise BadAssemblyError(f"the video lasts {float(duration)} s instead of {frames} frames")


def _verify_sound(container: InputContainer, samples: int) -> None:
    if not container.streams.audio:
        raise BadAssemblyError("the video has no sound track")
    stream = container.streams.audio[0]
    duration = _duration(stream)
    if duration != Fraction(samples, SAMPLE_RATE):
        raise BadAssemblyError(f"the sound lasts {float(duration)} s instead of {samples} samples")
