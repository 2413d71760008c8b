"""Writes and reads back the one AAC track of a video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from services.renderer.pipeline.sound.source import Samples
from shared.contracts.timeline import SAMPLE_RATE

BIT_RATE = 192_000
FRAME_SAMPLES = 1_024
"""Samples in one AAC-LC frame (ISO/IEC 14496-3)."""

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
        for part in _frames(parts):
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
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
        for frame in container.decode(audio=0):
            yield frame.to_ndarray()[:, :left].astype(np.float32, copy=False)
            left = max(0, left - frame.samples)


def _frames(parts: Iterator[Samples]) -> Iterator[Samples]:
    """The same samples in encoder frames; only the last may be short."""
    rest = np.zeros((2, 0), np.float32)
    for part in parts:
        samples = np.concatenate([rest, part], axis=1)
        whole = samples.shape[1] // FRAME_SAMPLES * FRAME_SAMPLES
        for start in range(0, whole, FRAME_SAMPLES):
            yield np.ascontiguousarray(samples[:, start : start + FRAME_SAMPLES])
        rest = samples[:, whole:]
    if rest.shape[1]:
        yield np.ascontiguousarray(rest)
