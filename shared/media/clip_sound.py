"""Decodes the sound of outside video so that it keeps time with the normalised picture; media child only.

Sound files are joined sample by sample; here times count instead: the sound may start before or after the picture,
and a recorder may have left out a part of it.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from fractions import Fraction
from typing import IO, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph

from shared.errors import BadMediaError
from shared.media.results import NormalisedAudio
from shared.media.sounds import CHANNELS_MOST, FRAME_BYTES, HEADER_BYTES, RATE, RATES, WRITE_BYTES, pulled
from shared.media.streams import opened, sound_of
from shared.media.task import MediaTask

# A jump of the recorder's clock by more than this is filled or cut; smaller ones are its rounding [s].
_JUMP_SECONDS = 0.05
_DAMAGED_FEW = 3
_DAMAGED_SHARE = 0.01


def normalise_clip_sound(task: MediaTask) -> NormalisedAudio:
    """Write the first sound of a video in the normal form of sounds, beginning with the picture's first frame.

    Options: ``start``, when that frame was shown in the source [s, as a fraction]; ``samples``, how long the
    picture is at 48 kHz. The sound ends with the picture or before it. It has no samples where all is silent.
    """
    start, most = Fraction(task.options["start"]), int(task.options["samples"])
    with opened(task) as container:
        stream = sound_of(container)
        if stream is None:
            raise BadMediaError("holds no sound; give a video with sound")
        _check_header(stream)
        reader = _Reader(container, stream, start + Fraction(most, RATE))
        samples = _write_wave(_placed(reader, start, most), task)
        reader.check_damage()
    return NormalisedAudio(
        samples=samples,
        size_bytes=HEADER_BYTES + FRAME_BYTES * samples,
        source_format=task.format.name,
        source_rate=stream.rate,
        source_channels=stream.channels,
    )


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


def _placed(reader: _Reader, start: Fraction, most: int) -> Iterator[bytes]:
    """48 kHz stereo, 16 bits, interleaved, from ``start`` on, at most ``most`` sample frames."""
    graph, form, left = None, None, most * FRAME_BYTES
    for frame in reader.frames():
        if form not in (None, _form(frame)):
            raise BadMediaError("changes its sample rate or channels on the way; export it again")
        if graph is None:
            graph, form = _graph_for(frame, start), _form(frame)
        graph.push(frame)
        for data in pulled(graph):
            yield data[:left]
            left = max(0, left - len(data))
    if graph is not None:
        graph.push(None)
        for data in pulled(graph):
            yield data[:left]
            left = max(0, left - len(data))


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


def _write_wave(parts: Iterator[bytes], task: MediaTask) -> int:
    """Write the sound; returns its length in sample frames, 0 where it is silent throughout."""
    output = io.BufferedWriter(task.opened_output(), WRITE_BYTES)
    written, is_heard = 0, False
    with wave.open(cast(IO[bytes], output), "wb") as wav:
        wav.setparams((2, 2, RATE, 0, "NONE", ""))
        for data in parts:
            written += len(data) // FRAME_BYTES
            is_heard = is_heard or bool(data.strip(b"\0"))
            wav.writeframesraw(data)
    output.flush()
    return written if is_heard else 0
