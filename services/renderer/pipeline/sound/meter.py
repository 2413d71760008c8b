"""Measures programme loudness and true peak (ITU-R BS.1770-4, EBU R 128) with FFmpeg's meter."""

from __future__ import annotations

import math
from dataclasses import dataclass

import av
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext

from services.renderer.pipeline.sound.source import Samples
from shared.contracts.timeline import SAMPLE_RATE

# The meter answers this when nothing was louder than its absolute gate (EBU Tech 3341).
_GATE_LUFS = -70.0
# It renews its answer each 100 ms and needs 400 ms for the first: short sounds are padded with their own end.
_SHORTEST_SAMPLES = SAMPLE_RATE // 2
_FRAME_SAMPLES = SAMPLE_RATE // 10


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """Integrated loudness [LUFS] and true peak [dBTP]; None where there is silence."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None


class LoudnessMeter:
    """Takes a sound block by block, then tells its loudness.

    Args:
        true_peak: Whether to find the true peak as well, at three times the time.
    """

    def __init__(self, *, true_peak: bool = False) -> None:
        self._samples = 0
        self._metadata: dict[str, str] = {}
        # The graph is kept, because its ends do not keep it alive.
        self._graph = Graph()
        self._source, self._sink = _built(self._graph, "true" if true_peak else "none")

    def add(self, samples: Samples) -> None:
        """Take the next part of the sound."""
        for start in range(0, samples.shape[1], _FRAME_SAMPLES):
            self._push(samples[:, start : start + _FRAME_SAMPLES])
        self._drain()

    def loudness(self) -> Loudness:
        """What was measured; ends the measurement."""
        missing = _SHORTEST_SAMPLES - self._samples
        if missing > 0:
            self.add(np.zeros((2, missing), np.float32))
        self._source.push(None)
        self._drain()
        integrated = float(self._metadata.get("lavfi.r128.I", "-inf"))
        peak = float(self._metadata.get("lavfi.r128.true_peak", "0"))
        return Loudness(
            integrated_lufs=integrated if integrated > _GATE_LUFS else None,
            true_peak_dbtp=20 * math.log10(peak) if peak > 0 else None,
        )

    def _push(self, samples: Samples) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._samples
        self._samples += frame.samples
        self._source.push(frame)

    def _drain(self) -> None:
        while True:
            try:
                self._metadata = self._sink.pull().metadata or self._metadata
            except (av.BlockingIOError, av.EOFError):
                return


def _built(graph: Graph, peak: str) -> tuple[FilterContext, FilterContext]:
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE, format="fltp", layout="stereo")
    meter = graph.add("ebur128", f"metadata=1:framelog=quiet:peak={peak}")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    return source, sink
