"""Takes an independent look at a finished video file: counts every packet; runs in the media child only."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from shared.errors import BadMediaError
from shared.media import formats
from shared.media.results import (
    AudioStreamProbe,
    ChapterProbe,
    ColourTags,
    VideoProbe,
    VideoStreamProbe,
)
from shared.media.streams import opened, picture_of, sound_of
from shared.media.task import MediaTask

# ITU-T H.273 code points in use for video; anything else is shown as its number.
_MATRICES = {0: "rgb", 1: "bt709", 2: "unspecified", 5: "bt470bg", 6: "smpte170m", 9: "bt2020nc"}
_PRIMARIES = {1: "bt709", 2: "unspecified", 5: "bt470bg", 6: "smpte170m", 9: "bt2020", 12: "smpte432"}
_TRANSFERS = {
    1: "bt709",
    2: "unspecified",
    6: "smpte170m",
    13: "iec61966-2-1",
    16: "smpte2084",
    18: "arib-std-b67",
}
_RANGES = {0: "unspecified", 1: "limited", 2: "full"}

_BOX_HEADER_BYTES = 8
_BOXES_MOST = 1_000


def probe_video(task: MediaTask) -> VideoProbe:
    """Count the packets of the first picture and the first sound of a file and report what it says of itself."""
    faststart = _index_before_media(task.source) if task.format is formats.MP4 else None
    task.source.seek(0)
    with opened(task) as container:
        picture, sound = picture_of(container), sound_of(container)
        if picture is None:
            raise BadMediaError("holds no moving picture; give a video")
        counts = _count_packets(container, [picture, sound] if sound else [picture])
        return VideoProbe(
            format=task.format.name,
            size_bytes=task.size_bytes,
            duration=Fraction(container.duration or 0, av.time_base),
            faststart=faststart,
            video=_video_stream(picture, counts[picture.index]),
            audio=_audio_stream(sound, counts[sound.index]) if sound else None,
            chapters=tuple(_chapters(container)),
        )


@dataclass
class _PacketCount:
    """What the packets of one stream add up to; times in the stream's own ticks."""

    packets: int = 0
    key_packets: int = 0
    last_dts: int | None = None
    dts_rise: bool = True
    pts: list[int] = field(default_factory=list)
    last_duration: int = 0

    def add(self, packet: Packet[Any]) -> None:
        self.packets += 1
        self.key_packets += packet.is_keyframe
        if packet.dts is None or packet.pts is None:
            self.dts_rise = False
            return
        self.dts_rise &= self.last_dts is None or packet.dts > self.last_dts
        self.last_dts = packet.dts
        self.pts.append(packet.pts)
        self.last_duration = packet.duration or 0

    def monotonic(self, ticks_per_packet: Fraction | None) -> bool:
        """Whether decode times rise and presentation times are ``ticks_per_packet`` apart (±1 for rounding)."""
        if not self.dts_rise:
            return False
        times = sorted(self.pts)
        steps = [later - earlier for earlier, later in pairwise(times)]
        if ticks_per_packet is None:
            return all(step > 0 for step in steps)
        return all(abs(step - ticks_per_packet) <= 1 for step in steps)


def _count_packets(container: InputContainer, streams: list[VideoStream | AudioStream]) -> dict[int, _PacketCount]:
    counts = {stream.index: _PacketCount() for stream in streams}
    for packet in container.demux(*streams):
        if packet.size:  # the demuxer ends with one empty packet a stream
            counts[packet.stream.index].add(packet)
    if any(not count.pts for count in counts.values()):
        raise BadMediaError("has a stream without content; export it again")
    return counts


def _video_stream(stream: VideoStream, count: _PacketCount) -> VideoStreamProbe:
    codec, time_base = stream.codec_context, _time_base(stream)
    rate = stream.average_rate or Fraction(0)
    return VideoStreamProbe(
        codec=codec.name,
        profile=codec.profile,
        width=stream.width,
        height=stream.height,
        pixel_format=codec.pix_fmt or "unknown",
        rate=rate,
        frames=count.packets,
        key_frames=count.key_packets,
        duration=_span(count) * time_base,
        start=min(count.pts) * time_base,
        monotonic=count.monotonic(1 / (rate * time_base) if rate else None),
        colour=ColourTags(
            range=_named(_RANGES, codec.color_range),
            matrix=_named(_MATRICES, codec.colorspace),
            primaries=_named(_PRIMARIES, codec.color_primaries),
            transfer=_named(_TRANSFERS, codec.color_trc),
        ),
    )


def _audio_stream(stream: AudioStream, count: _PacketCount) -> AudioStreamProbe:
    time_base = _time_base(stream)
    played = stream.duration if stream.duration is not None else _span(count)
    return AudioStreamProbe(
        codec=stream.codec_context.name,
        profile=stream.codec_context.profile,
        sample_rate=stream.rate,
        channels=stream.channels,
        layout=stream.layout.name,
        packets=count.packets,
        duration=played * time_base,
        start=(stream.start_time or 0) * time_base,
        monotonic=count.monotonic(None),
    )


def _time_base(stream: VideoStream | AudioStream) -> Fraction:
    if stream.time_base is None:
        raise BadMediaError("has a stream without a clock; export it again")
    return stream.time_base


def _span(count: _PacketCount) -> int:
    """Ticks from the first packet shown to the end of the last one."""
    return max(count.pts) + count.last_duration - min(count.pts)


def _named(names: dict[int, str], code: int) -> str:
    return names.get(int(code), str(int(code)))


def _chapters(container: InputContainer) -> Iterator[ChapterProbe]:
    for chapter in container.chapters():
        ticks = chapter["time_base"] or Fraction(0)
        yield ChapterProbe(
            title=chapter["metadata"].get("title", ""),
            start=chapter["start"] * ticks,
            end=chapter["end"] * ticks,
        )


def _index_before_media(source: io.FileIO) -> bool:
    return next((kind for kind in _top_boxes(source) if kind in (b"moov", b"mdat")), b"") == b"moov"


def _top_boxes(source: io.FileIO) -> Iterable[bytes]:
    """Types of the top-level boxes of an ISO base media file, in order (ISO/IEC 14496-12, 4.2)."""
    position = 0
    for _ in range(_BOXES_MOST):
        source.seek(position)
        header = source.read(_BOX_HEADER_BYTES * 2)
        size = int.from_bytes(header[:4])
        if size == 1:  # a 64 bit size follows the type
            size = int.from_bytes(header[8:16])
        if len(header) < _BOX_HEADER_BYTES or size < _BOX_HEADER_BYTES:
            return
        yield header[4:8]
        position += size
