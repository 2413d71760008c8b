"""Joins rendered segments and a finished sound into one container by stream copy: nothing is encoded again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from services.renderer.pipeline.codecs import CodecSettings
from services.renderer.pipeline.errors import BadSegmentError
from shared.contracts.timeline import SAMPLE_RATE, Chapter, Rate, Timeline

# Ticks of the video track for each second: at least this many, as FFmpeg's muxer chooses by itself.
_LEAST_TIMESCALE = 10_000
# FFmpeg decodes some frames of what it opens, to know it better: 25 ms at 1080p. Of all segments but the first,
# only the packets are wanted.
_NOT_DECODED = {"skip_frame": "all"}
# The only demuxer that may open a sound, by the end of its name.
_SOUND_FORMATS = {".m4a": "mp4", ".opus": "ogg"}


@dataclass(frozen=True, kw_only=True)
class SegmentFile:
    """A rendered segment on disk and the number of frames it must hold."""

    path: Path
    frames: int


class VideoClock:
    """Time of the joined video track: a whole number of ticks for each frame."""

    def __init__(self, rate: Rate) -> None:
        factor = 1
        while rate.numerator * factor < _LEAST_TIMESCALE:
            factor *= 2
        self.rate = rate
        self.timescale = rate.numerator * factor
        self.ticks_per_frame = rate.denominator * factor
        self.time_base = Fraction(1, self.timescale)

    def options(self) -> dict[str, str]:
        """What an MP4 muxer must be told, so that both tracks come out whole: edit lists count in movie time."""
        return {
            "video_track_timescale": str(self.timescale),
            "movie_timescale": str(math.lcm(self.timescale, SAMPLE_RATE)),
        }


def set_tags(output: OutputContainer, timeline: Timeline) -> None:
    """Title and chapters."""
    if timeline.title:
        output.metadata["title"] = timeline.title
    chapters = list(_with_ends(timeline.chapters, timeline.frames))
    seconds_per_frame = 1 / timeline.rate.fraction
    output.set_chapters(
        [
            {
                "id": number,
                "start": start,
                "end": end,
                "time_base": seconds_per_frame,
                "metadata": {"title": chapter.title},
            }
            for number, (chapter, start, end) in enumerate(chapters)
        ]
    )


def join(
    output: OutputContainer,
    clock: VideoClock,
    segments: Sequence[SegmentFile],
    *,
    encoded: CodecSettings,
    sound: Path | None,
    progress: Callable[[int, int], None],
) -> None:
    """Write all segments one after the other, and the sound beside them.

    Args:
        encoded: How the segments were encoded.
        sound: An MP4 or Ogg file with one track; None for a silent video.
        progress: Called with (done, total) frames after each segment; may raise to stop.
    Raises:
        BadSegmentError: A segment does not hold its frames, or was encoded with other settings.
    """
    _Joiner(output, clock, segments, encoded, progress).join(sound)


def copied_tracks(source: Path, output: OutputContainer) -> Iterator[Packet[Stream]]:
    """All packets of an MP4 file in their order, to be muxed into tracks of their own in ``output``."""
    with av.open(str(source), format="mp4") as container:
        tracks = [*container.streams.video, *container.streams.audio]
        targets = {stream.index: output.add_stream_from_template(stream) for stream in tracks}
        for packet in container.demux(tracks):
            if packet.size and packet.pts is not None:
                packet.stream = targets[packet.stream.index]
                yield packet


def _with_ends(chapters: Sequence[Chapter], frames: int) -> Iterator[tuple[Chapter, int, int]]:
    for chapter, following in zip_longest(chapters, chapters[1:]):
        yield chapter, chapter.start_frame, frames if following is None else following.start_frame


class _Joiner:
    """Copies packets of all segments and of the sound into one container, in order of decoding time."""

    def __init__(
        self,
        output: OutputContainer,
        clock: VideoClock,
        segments: Sequence[SegmentFile],
        encoded: CodecSettings,
        progress: Callable[[int, int], None],
    ) -> None:
        self._output = output
        self._clock = clock
        self._segments = segments
        self._encoded = encoded
        self._frames = sum(segment.frames for segment in segments)
        self._progress = progress

    def join(self, audio: Path | None) -> None:
        with _opened_segment(self._segments[0], 0) as (_, first):
            video = self._output.add_stream_from_template(first)
            video.time_base = self._clock.time_base
            if self._encoded.tag is not None:
                video.codec_context.codec_tag = self._encoded.tag
            extradata = bytes(first.codec_context.extradata or b"")
        if audio is None:
            self._copy(self._video_packets(video, extradata), iter(()))
            return
        with av.open(str(audio), format=_SOUND_FORMATS[audio.suffix]) as sound:
            source = sound.streams.audio[0]
            target = self._output.add_stream_from_template(source)
            self._copy(self._video_packets(video, extradata), _audio_packets(sound, target))

    def _copy(self, video: Iterator[Packet[Stream]], audio: Iterator[Packet[Stream]]) -> None:
        waiting = next(audio, None)
        for packet in video:
            decoded_at = _decoding_time(packet)
            while waiting is not None and _decoding_time(waiting) <= decoded_at:
                self._output.mux(waiting)
                waiting = next(audio, None)
            self._output.mux(packet)
        while waiting is not None:
            self._output.mux(waiting)
            waiting = next(audio, None)

    def _video_packets(self, target: Stream, extradata: bytes) -> Iterator[Packet[Stream]]:
        base = 0
        for number, segment in enumerate(self._segments):
            with _opened_segment(segment, number, _NOT_DECODED) as (container, stream):
                if bytes(stream.codec_context.extradata or b"") != extradata:
                    raise BadSegmentError(f"segment {number} was encoded with other settings; render it again")
                yield from self._segment_packets(container, stream, target, base, number)
            base += segment.frames
            self._progress(base, self._frames)

    def _segment_packets(
        self, container: InputContainer, stream: VideoStream, target: Stream, base: int, number: int
    ) -> Iterator[Packet[Stream]]:
        """Packets of one segment, moved to frame ``base``.

        Encoders give very short streams other decoding times than long ones, so these are not shifted but
        counted anew over the whole video; what they reorder never exceeds the declared depth.
        """
        shown: set[int] = set()
        for count, packet in enumerate(_real_packets(container, stream)):
            frame = round(_shown_at(packet) * self._clock.rate.fraction)
            shown.add(frame)
            packet.time_base = self._clock.time_base
            packet.pts = (base + frame) * self._clock.ticks_per_frame
            packet.dts = (base + count - self._encoded.reordered) * self._clock.ticks_per_frame
            packet.duration = self._clock.ticks_per_frame
            packet.stream = target
            if count == 0 and not packet.is_keyframe:
                raise BadSegmentError(f"segment {number} does not start with a key frame; render it again")
            yield packet
        if shown != set(range(self._segments[number].frames)):
            raise BadSegmentError(
                f"segment {number} holds {len(shown)} frames instead of {self._segments[number].frames};"
                " render it again"
            )


@contextmanager
def _opened_segment(
    segment: SegmentFile, number: int, options: dict[str, str] | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        container = av.open(str(segment.path), format="mp4", stream_options=[options or {}])  # type: ignore[list-item]  # PyAV's stub is wrong
    except av.InvalidDataError as error:
        raise BadSegmentError(f"segment {number} is damaged or cut off; render it again") from error
    with container:
        if not container.streams.video:
            raise BadSegmentError(f"segment {number} has no video track; render it again")
        yield container, container.streams.video[0]


def _real_packets(container: InputContainer, stream: Stream) -> Iterator[Packet[Stream]]:
    """Without the empty packet by which the demuxer says that it is at the end."""
    return (packet for packet in container.demux(stream) if packet.size and packet.pts is not None)


def _audio_packets(sound: InputContainer, target: Stream) -> Iterator[Packet[Stream]]:
    for packet in _real_packets(sound, sound.streams.audio[0]):
        packet.stream = target
        yield packet


def _shown_at(packet: Packet[Stream]) -> Fraction:
    return packet.pts * packet.time_base  # type: ignore[operator]  # the demuxer's flush packet was left out


def _decoding_time(packet: Packet[Stream]) -> Fraction:
    return packet.dts * packet.time_base  # type: ignore[operator]  # every packet of ours has both
