"""Decodes outside video and puts it in normal form; runs in the media child only.

The normal form is MP4 with one H.264 track: 8-bit 4:2:0, BT.709, limited range, square pixels, upright, one
constant rate, a key frame every few frames and none out of order. The renderer decodes it frame by frame, from any
frame on. The sound lies beside it without loss, from the picture's first frame on, so that the file is whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import av.audio.codeccontext
import av.container.output
import av.sidedata.sidedata
import av.video.codeccontext
from av.codec.context import ThreadType
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.errors import BadMediaError
from shared.media.clip_frames import FrameNormaliser
from shared.media.clip_sound import SoundTrack, opened_sound
from shared.media.limits import MediaLimits
from shared.media.results import NormalisedVideo
from shared.media.sounds import RATE
from shared.media.streams import opened, picture_of, stated_duration
from shared.media.task import MediaTask

KEY_FRAME_DISTANCE = 12
"""Most frames from one key frame to the next: what is decoded in vain after a jump."""

# At crf 16 this encoder loses far less than the source and the final encoding do. CAVLC costs a sixth more bytes
# than CABAC and is decoded, once for each render, in three fifths of the time.
_ENCODER = {
    "preset": "superfast",
    "crf": "16",
    "profile": "high",
    "x264-params": (
        f"keyint={KEY_FRAME_DISTANCE}:min-keyint=1:scenecut=0:bframes=0:ref=1:weightp=0:cabac=0:open-gop=0"
    ),
}
_BT709, _LIMITED_RANGE = 1, 1

# Rates in which cameras and programs say they record [frames/s].
_USUAL_RATES = [Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)]
_USUAL_RATES += [Fraction(rate * 1000, 1001) for rate in (24, 30, 60)]
_MOST_RATE, _LEAST_RATE = 60, 20
# A recorder that drops a frame now and then averages a little less than it says.
_SAME_RATE = Fraction(1, 100)

_DAMAGED_FEW = 3
_DAMAGED_SHARE = 0.01
# A header may round its duration, and the last packets of two tracks end apart; more than this was cut off [s].
_MISSING_SECONDS = Fraction(1, 2)


def normalise_video(task: MediaTask) -> NormalisedVideo:
    """Decode the first moving picture and the first sound of a file, and write them to the task's output."""
    with opened(task) as container:
        stream = picture_of(container)
        if stream is None:
            raise BadMediaError("holds no moving picture; give a video")
        _check_header(stream, container, task.limits)
        reader = _Reader(container, stream, task.limits)
        first = reader.first()
        normaliser = FrameNormaliser(stream, first, task.limits)
        rate = constant_rate(stream)
        clock = _Clock(first, rate, task.limits.video_seconds)
        with (
            _parts_of_sound(task, container, clock.start) as sound,
            _encoder(task, normaliser, rate, sound) as made,
        ):
            for frame, count in clock.timed(reader.frames()):
                made.add(normaliser.normal(frame), count)
        reader.check_whole()
    return NormalisedVideo(
        width=normaliser.width,
        height=normaliser.height,
        rate=rate,
        frames=made.frames,
        sound_samples=_heard_samples(made.sound, task.limits),
        size_bytes=task.opened_output().tell(),
        source_format=task.format.name,
        source_codec=stream.codec_context.name,
        warnings=reader.warnings() + normaliser.warnings,
    )


def constant_rate(stream: VideoStream) -> Fraction:
    """The rate that a video gets: its own average, or the usual one that this is meant to be.

    Faster ones are halved, or divided further, to at most 60; slow ones are multiplied to at least 20, so that a
    frame of a recording without a steady rate is never shown more than 25 ms off its time.
    """
    average = stream.average_rate or stream.guessed_rate or Fraction(25)
    rate = min(max(Fraction(average), Fraction(1, 10)), Fraction(1000))
    if rate > _MOST_RATE * (1 + _SAME_RATE):
        rate /= -(-rate // _MOST_RATE)
    elif rate < _LEAST_RATE:
        rate *= -(-_LEAST_RATE // rate)
    usual = min(_USUAL_RATES, key=lambda known: abs(known - rate))
    return usual if abs(usual - rate) <= usual * _SAME_RATE else rate.limit_denominator(1001)


def _check_header(stream: VideoStream, container: InputContainer, limits: MediaLimits) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > limits.video_pixels or max(width, height) > limits.video_side:
        raise BadMediaError(
            f"{width}x{height} pixels is larger than allowed ({limits.video_side} on a side,"
            f" {limits.video_pixels / 1e6:.1f} million in all); export it as 1920x1080 or 3840x2160"
        )
    if stream.time_base is None:
        raise BadMediaError("has a picture without a clock; export it again")
    duration = stated_duration(stream, container)
    if duration is not None and duration > limits.video_seconds:
        raise _too_long(limits.video_seconds)


def _too_long(seconds: int) -> BadMediaError:
    return BadMediaError(f"is longer than the {seconds} s allowed; cut it to the part that you want to show")


class _Reader:
    """Yields the frames of one stream, and looks whether the file is whole."""

    def __init__(self, container: InputContainer, stream: VideoStream, limits: MediaLimits) -> None:
        self._container = container
        self._stream = stream
        self._packets = 0
        self._damaged = 0
        self._end = Fraction(0)
        context = stream.codec_context
        context.thread_count = 1  # the sandbox allows no more
        context.options = {"max_pixels": str(limits.video_pixels)}
        self._decoded = self._decoding()
        self._first: VideoFrame | None = None

    def first(self) -> VideoFrame:
        """The first frame, which :meth:`frames` yields again.

        Raises:
            BadMediaError: There is none.
        """
        self._first = next(self._decoded, None)
        if self._first is None:
            raise BadMediaError("holds no picture that can be decoded; export it again, as H.264")
        return self._first

    def frames(self) -> Iterator[VideoFrame]:
        """All frames, in the order in which they are shown."""
        if self._first is not None:
            yield self._first
        yield from self._decoded

    def check_whole(self) -> None:
        """Refuse a file of which much is damaged, or that ends before its header says.

        Raises:
            BadMediaError: Says what is missing.
        """
        if self._damaged > max(_DAMAGED_FEW, self._packets * _DAMAGED_SHARE):
            raise BadMediaError(f"{self._damaged} of {self._packets} frames are damaged; export it again")
        stated = Fraction(self._container.duration or 0, av.time_base)
        there = self._end - Fraction(self._container.start_time or 0, av.time_base)
        if stated - there > _MISSING_SECONDS:
            raise BadMediaError(
                f"is cut off: {float(there):.1f} s of {float(stated):.1f} s are there; copy it again"
            )

    def warnings(self) -> tuple[str, ...]:
        return (f"{self._damaged} damaged frames",) if self._damaged else ()

    def _decoding(self) -> Iterator[VideoFrame]:
        sounds = self._container.streams.audio[:1]  # only to see how far the file goes
        for packet in self._container.demux(self._stream, *sounds):
            self._note_end(packet)
            if packet.stream is self._stream:
                yield from self._frames_in(cast("Packet[VideoStream]", packet))

    def _frames_in(self, packet: Packet[VideoStream]) -> Iterator[VideoFrame]:
        self._packets += 1
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            self._damaged += 1
            return
        for frame in frames:
            self._damaged += frame.is_corrupt
            yield frame

    def _note_end(self, packet: Packet[Stream]) -> None:
        if packet.size and packet.pts is not None and packet.time_base is not None:
            self._end = max(self._end, (packet.pts + (packet.duration or 0)) * packet.time_base)


class _Clock:
    """Gives every frame its place at a constant rate: the place nearest to its own time, so nothing drifts."""

    def __init__(self, first: VideoFrame, rate: Fraction, most_seconds: int) -> None:
        self.start = self._time(first) or Fraction(0)
        self._rate = rate
        self._most_seconds = most_seconds

    def timed(self, frames: Iterator[VideoFrame]) -> Iterator[tuple[VideoFrame, int]]:
        """The frames that have a place, and how many places each is shown.

        Raises:
            BadMediaError: The video is longer than allowed.
        """
        shown, place, end = None, 0, 1
        for frame in frames:
            next_place = self._place(frame, end)
            if shown is not None and next_place > place:
                yield shown, next_place - place
                place = next_place
            shown, end = frame, max(self._end_place(frame), place + 1)
        if shown is not None:
            yield shown, end - place

    def _place(self, frame: VideoFrame, following: int) -> int:
        time = self._time(frame)
        return following if time is None else self._checked(time - self.start)

    def _end_place(self, frame: VideoFrame) -> int:
        time = self._time(frame)
        if time is None or not frame.duration or frame.time_base is None:
            return 0
        return self._checked(time + frame.duration * frame.time_base - self.start)

    def _checked(self, seconds: Fraction) -> int:
        if seconds > self._most_seconds:
            raise _too_long(self._most_seconds)
        return math.ceil(seconds * self._rate - Fraction(1, 2))

    @staticmethod
    def _time(frame: VideoFrame) -> Fraction | None:
        if frame.pts is None or frame.time_base is None:
            return None
        return frame.pts * Fraction(frame.time_base)


@dataclass
class _Encoder:
    container: OutputContainer
    stream: VideoStream
    rate: Fraction
    sound: SoundTrack | None
    frames: int = 0

    def add(self, frame: VideoFrame, count: int) -> None:
        """Write a frame ``count`` times, and the sound that belongs to it."""
        for _ in range(count):
            frame.pts, frame.time_base = self.frames, 1 / self.rate
            self.frames += 1
            self.container.mux(self.stream.encode(frame))
            if self.sound is not None:
                self.sound.write_until(round(self.frames / self.rate * RATE))

    def finish(self) -> None:
        """Write what the encoders still hold."""
        self.container.mux(self.stream.encode(None))
        if self.sound is not None:
            self.sound.finish()


def _heard_samples(sound: SoundTrack | None, limits: MediaLimits) -> int:
    if sound is None or not sound.is_heard or sound.samples * 1000 < limits.audio_min_ms * RATE:
        return 0
    return sound.samples


@contextmanager
def _parts_of_sound(
    task: MediaTask, container: InputContainer, start: Fraction
) -> Iterator[Iterator[bytes] | None]:
    if not container.streams.audio:
        yield None
        return
    with opened_sound(task, start) as parts:
        yield parts


@contextmanager
def _encoder(
    task: MediaTask, size: FrameNormaliser, rate: Fraction, sound: Iterator[bytes] | None
) -> Iterator[_Encoder]:
    options = {"fflags": "+bitexact"}
    with av.open(task.opened_output(), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=rate, options=_ENCODER)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = size.width, size.height, "yuv420p"
        context.time_base = 1 / rate
        context.thread_count = 1  # the sandbox allows no more, and more would give other bits
        context.thread_type = ThreadType.FRAME
        context.color_range = _LIMITED_RANGE
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        encoder = _Encoder(container, stream, rate, SoundTrack(container, sound) if sound is not None else None)
        yield encoder
        encoder.finish()
