"""Decodes the sound of outside video so that it keeps time with the normalised picture; media child only.

Sound files are joined sample by sample; here times count instead: the sound may start before or after the picture,
and a recorder may have left out a part of it.
"""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.filter import Graph

from shared.errors import BadMediaError
from shared.media.sounds import CHANNELS_MOST, FRAME_BYTES, RATE, RATES, pulled
from shared.media.streams import opened, sound_of
from shared.media.task import MediaTask

# A jump of the recorder's clock by more than this is filled or cut; smaller ones are its rounding [s].
_JUMP_SECONDS = 0.05
_DAMAGED_FEW = 3
_DAMAGED_SHARE = 0.01


@contextmanager
def opened_sound(task: MediaTask, start: Fraction) -> Iterator[Iterator[bytes]]:
    """The first sound of a video from the time ``start`` on: 48 kHz stereo, 16 bits, interleaved.

    The file is read through a position of its own, so that its picture can be read at the same time. Iterating
    ends with the sound.

    Raises:
        BadMediaError: It cannot be used, or much of it is damaged.
    """
    with opened(dataclasses.replace(task, source=_FileApart(task.source.fileno()))) as container:
        stream = sound_of(container)
        if stream is None:
            raise BadMediaError("holds no sound; give a video with sound")
        _check_header(stream)
        reader = _Reader(container, stream, start + task.limits.video_seconds)
        yield _placed(reader, start)


class SoundTrack:
    """A lossless track that is written along with the picture, never ahead of it."""

    def __init__(self, output: OutputContainer, parts: Iterator[bytes]) -> None:
        self.samples = 0
        self.is_heard = False
        self._parts = parts
        self._output = output
        self._stream = output.add_stream("alac", rate=RATE, layout="stereo")
        self._waiting = b""

    def write_until(self, samples: int) -> None:
        """Go on to the sample frame ``samples``, or to the end of the sound."""
        while self.samples < samples:
            data = self._waiting or next(self._parts, b"")
            if not data:
                return
            most = (samples - self.samples) * FRAME_BYTES
            data, self._waiting = data[:most], data[most:]
            self._encode(data)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._output.mux(self._stream.encode(None))

    def _encode(self, data: bytes) -> None:
        frame = AudioFrame("s16", "stereo", len(data) // FRAME_BYTES)
        frame.planes[0].update(data)
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self.samples
        self.samples += frame.samples
        self.is_heard = self.is_heard or bool(data.strip(b"\0"))
        self._output.mux(self._stream.encode(frame))


class _FileApart(io.FileIO):
    """An open file with a reading position of its own."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, closefd=False)
        self._size = os.fstat(descriptor).st_size
        self._place = 0

    def read(self, size: int | None = -1, /) -> bytes:
        most = self._size - self._place if size is None or size < 0 else size
        data = os.pread(self.fileno(), max(0, most), self._place)
        self._place += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place


def _check_header(stream: AudioStream) -> None:
    if stream.rate not in RATES or not 1 <= stream.channels <= CHANNELS_MOST or stream.time_base is None:
        raise BadMediaError(
            f"its sound of {stream.rate} Hz with {stream.channels} channels cannot be used; export it as 48 kHz"
            " stereo"
        )


class _Reader:
    """Yields the frames of one sound up to a time, each with its own time."""

    def __init__(self, container: InputContainer, stream: AudioStream, end: Fraction) -> None:
        self.stream = stream
        self._container = container
        self._end = end
        self._packets = 0
        self._damaged = 0
        stream.codec_context.thread_count = 1  # the sandbox allows no more

    def frames(self) -> Iterator[AudioFrame]:
        following = 0
        for frame in self._decoded():
            frame.time_base = cast(Fraction, self.stream.time_base)
            frame.pts = following if frame.pts is None else frame.pts
            if frame.pts * frame.time_base >= self._end:
                return
            following = frame.pts + round(Fraction(frame.samples, frame.sample_rate) / frame.time_base)
            yield frame

    def check_damage(self) -> None:
        if self._damaged > max(_DAMAGED_FEW, self._packets * _DAMAGED_SHARE):
            raise BadMediaError(
                f"{self._damaged} of {self._packets} parts of its sound are damaged; export it again"
            )

    def _decoded(self) -> Iterator[AudioFrame]:
        for packet in self._container.demux(self.stream):
            self._packets += 1
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                self._damaged += 1


def _placed(reader: _Reader, start: Fraction) -> Iterator[bytes]:
    graph, form = None, None
    for frame in reader.frames():
        if form not in (None, _form(frame)):
            raise BadMediaError("changes its sample rate or channels on the way; export it again")
        if graph is None:
            graph, form = _graph_for(frame, start), _form(frame)
        graph.push(frame)
        yield from pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from pulled(graph)
    reader.check_damage()


def _form(frame: AudioFrame) -> tuple[int, str, str]:
    return frame.sample_rate, frame.layout.name, frame.format.name


def _graph_for(frame: AudioFrame, start: Fraction) -> Graph:
    graph = Graph()
    graph.threads = 1  # the sandbox allows no more
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=frame.layout.name,
        time_base=frame.time_base,
    )
    # A single channel goes to both sides at full level; FFmpeg's own matrix would lower it by 3 dB.
    mix = graph.add("pan", "stereo|c0=c0|c1=c0") if frame.layout.nb_channels == 1 else graph.add("anull")
    # async=1 fills and cuts, and never stretches; the first sample is placed exactly.
    clock = graph.add(
        "aresample",
        f"{RATE}:async=1:min_comp=0.00001:min_hard_comp={_JUMP_SECONDS}:first_pts={round(start * RATE)}"
        ":out_sample_fmt=s16:out_chlayout=stereo",
    )
    target = graph.add("aformat", sample_rates=str(RATE), sample_fmts="s16", channel_layouts="stereo")
    graph.link_nodes(source, mix, clock, target, graph.add("abuffersink"))
    graph.configure()
    return graph
