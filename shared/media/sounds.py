"""Decodes outside sound and puts it in normal form; runs in the media child only.

The normal form is WAV, signed 16 bits, 48 kHz, stereo, 44 byte header: the renderer maps it into memory and places
it by sample, with no decoder and no priming to subtract.
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
from av.packet import Packet

from shared.errors import BadMediaError
from shared.media import formats
from shared.media.limits import MediaLimits
from shared.media.results import NormalisedAudio
from shared.media.riff import stated_sound_end
from shared.media.streams import opened, sound_of, stated_duration
from shared.media.task import MediaTask

RATE = 48_000
FRAME_BYTES = 4  # two channels of 16 bits
HEADER_BYTES = 44
WRITE_BYTES = 1 << 18
CHANNELS_MOST = 8
RATES = range(4_000, 384_001)

# A tag at the end of an MP3 reads as a few broken packets; more than this share is a broken file.
_DAMAGED_PACKETS_FEW = 3
_DAMAGED_SHARE = 0.01
# A header may round its duration; what is missing beyond this was cut off.
_MISSING_SECONDS = 0.25
# Formats whose stated duration is a fact. WAV has a check of its own, MP3 and AAC estimate, Ogg looks at its end.
_EXACT_DURATION = (formats.FLAC, formats.MP4)


def normalise_audio(task: MediaTask) -> NormalisedAudio:
    """Decode the first sound of a file and write it in normal form to the task's output."""
    if task.format is formats.WAV:
        _check_whole(task)
    with opened(task) as container:
        stream = sound_of(container)
        if stream is None:
            raise BadMediaError("holds no sound; give a recording")
        _check_header(stream, container, task.limits)
        decoder = _Decoder(container, stream)
        samples = _write_wave(decoder, task)
        _check_complete(decoder, container, task)
    return NormalisedAudio(
        samples=samples,
        size_bytes=HEADER_BYTES + FRAME_BYTES * samples,
        source_format=task.format.name,
        source_rate=decoder.rate,
        source_channels=decoder.channels,
        warnings=decoder.warnings(),
    )


class _Decoder:
    """Yields the frames of one sound stream and keeps count of what was read and what was broken."""

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self.stream = stream
        self.rate = stream.rate
        self.channels = stream.channels
        self.samples = 0
        self._container = container
        self._packets = 0
        self._damaged = 0
        stream.codec_context.thread_count = 1

    def frames(self) -> Iterator[AudioFrame]:
        """Decode all frames, each without a time: they are joined sample by sample.

        Raises:
            BadMediaError: Too much is damaged, or rate or channels change on the way.
        """
        for packet in self._container.demux(self.stream):
            self._packets += 1
            for frame in self._decoded(packet):
                self._check_same(frame)
                self.samples += frame.samples
                frame.pts = None
                yield frame
        if self._damaged > max(_DAMAGED_PACKETS_FEW, self._packets * _DAMAGED_SHARE):
            raise BadMediaError(f"{self._damaged} of {self._packets} parts are damaged; export it again")

    def warnings(self) -> tuple[str, ...]:
        return (f"{self._damaged} damaged parts left out",) if self._damaged else ()

    def _decoded(self, packet: Packet[AudioStream]) -> list[AudioFrame]:
        try:
            return packet.decode()
        except av.error.InvalidDataError:
            self._damaged += 1
            return []

    def _check_same(self, frame: AudioFrame) -> None:
        if (frame.sample_rate, frame.layout.nb_channels) != (self.rate, self.channels):
            raise BadMediaError("changes its sample rate or channels on the way; export it again")


def _check_whole(task: MediaTask) -> None:
    end = stated_sound_end(task.source, task.limits.audio_bytes)
    task.source.seek(0)
    if end is not None and end > task.size_bytes:
        raise BadMediaError(f"is cut off: {task.size_bytes} of {end} bytes are there; copy it again")


def _check_header(stream: AudioStream, container: InputContainer, limits: MediaLimits) -> None:
    if stream.rate not in RATES or not 1 <= stream.channels <= CHANNELS_MOST:
        raise BadMediaError(
            f"{stream.rate} Hz with {stream.channels} channels cannot be used; export it as 48 kHz stereo"
        )
    duration = stated_duration(stream, container)
    if duration is not None and duration > limits.audio_seconds:
        raise _too_long(limits)


def _too_long(limits: MediaLimits) -> BadMediaError:
    return BadMediaError(f"is longer than the {limits.audio_seconds} s allowed; cut it")


def _write_wave(decoder: _Decoder, task: MediaTask) -> int:
    """Write the whole sound; returns its length in sample frames at 48 kHz."""
    output = io.BufferedWriter(task.opened_output(), WRITE_BYTES)
    with wave.open(cast(IO[bytes], output), "wb") as wav:
        wav.setparams((2, 2, RATE, 0, "NONE", ""))
        written = 0
        for data in _resampled(decoder):
            written += len(data) // FRAME_BYTES
            if written > task.limits.audio_seconds * RATE:
                raise _too_long(task.limits)
            wav.writeframesraw(data)
        if written * 1000 < task.limits.audio_min_ms * RATE:
            raise BadMediaError("holds no sound (0 s); record it again")
    output.flush()
    return written


def _resampled(decoder: _Decoder) -> Iterator[bytes]:
    """Convert to 48 kHz stereo, 16 bits, interleaved; to the sample as long as the source."""
    graph: Graph | None = None
    written = 0
    for frame in decoder.frames():
        if graph is None:
            graph = _graph_for(frame)
        graph.push(frame)
        for data in pulled(graph):
            written += len(data) // FRAME_BYTES
            yield data
    if graph is not None:
        graph.push(None)
        yield from _trimmed(pulled(graph), _output_samples(decoder) - written)


def _output_samples(decoder: _Decoder) -> int:
    return round(Fraction(decoder.samples * RATE, decoder.rate))


def _trimmed(tail: Iterator[bytes], samples: int) -> Iterator[bytes]:
    """Cut or fill the resampler's last output, which is off by a few samples, to ``samples`` sample frames."""
    missing = samples * FRAME_BYTES
    for data in tail:
        yield data[: max(0, missing)]
        missing -= len(data)
    yield bytes(max(0, missing))


def _graph_for(frame: AudioFrame) -> Graph:
    graph = Graph()
    graph.threads = 1  # the sandbox allows no more
    layout = frame.layout.name
    source = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=layout,
        time_base=Fraction(1, frame.sample_rate),
    )
    # A single channel goes to both sides at full level; FFmpeg's own matrix would lower it by 3 dB.
    mix = graph.add("pan", "stereo|c0=c0|c1=c0") if frame.layout.nb_channels == 1 else graph.add("anull")
    target = graph.add("aformat", sample_rates=str(RATE), sample_fmts="s16", channel_layouts="stereo")
    graph.link_nodes(source, mix, target, graph.add("abuffersink"))
    graph.configure()
    return graph


def pulled(graph: Graph) -> Iterator[bytes]:
    """What a graph that ends in 16-bit stereo has ready."""
    while True:
        try:
            frame = cast(AudioFrame, graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield bytes(frame.planes[0])[: frame.samples * FRAME_BYTES]


def _check_complete(decoder: _Decoder, container: InputContainer, task: MediaTask) -> None:
    """Refuse a file that ends before its header says: a voice cut off in mid-sentence would go unnoticed."""
    stated = stated_duration(decoder.stream, container)
    if task.format not in _EXACT_DURATION or stated is None:
        return
    if stated - Fraction(decoder.samples, decoder.rate) > _MISSING_SECONDS:
        raise BadMediaError(
            f"is cut off: {decoder.samples / decoder.rate:.1f} s of {float(stated):.1f} s are there; copy it again"
        )
