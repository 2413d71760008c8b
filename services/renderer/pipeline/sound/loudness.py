"""Programme loudness (ITU-R BS.1770-4, EBU R 128) from short energies, so that a gain needs no new filtering.

The K-weighting is FFmpeg's biquad filter with the standard's coefficients. A gain that changes slowly against a
hop scales the hop's energy by its square; what a limiter does is of that kind.
"""

from __future__ import annotations

from typing import cast

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from services.renderer.pipeline.sound.source import Samples
from shared.contracts.timeline import SAMPLE_RATE

HOP_SAMPLES = 160
"""Energies and peaks are known for each 1/300 s, so that those of an hour take little memory."""

Energies = NDArray[np.float32]
"""Sum of squares of the K-weighted samples of both channels, for each hop."""

# Filters of BS.1770-4, annex 1, tables 1 and 2, for 48 kHz: the head, then the high-pass of the revised B-curve.
_HEAD = (
    "b0=1.53512485958697:b1=-2.69169618940638:b2=1.19839281085285:a0=1:a1=-1.69065929318241:a2=0.73248077421585"
)
_LOW_CUT = "b0=1:b1=-2:b2=1:a0=1:a1=-1.99004745483398:a2=0.99007225036621"
_OFFSET_LU = -0.691
_STEP_HOPS, _BLOCK_STEPS = SAMPLE_RATE // 10 // HOP_SAMPLES, 4
_ABSOLUTE_GATE_LUFS, _RELATIVE_GATE_LU = -70.0, -10.0
_BLOCK_SAMPLES = _BLOCK_STEPS * _STEP_HOPS * HOP_SAMPLES


class KWeighting:
    """Filters a sound block by block; gives the energies of whole hops."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._source = self._graph.add_abuffer(sample_rate=SAMPLE_RATE, format="fltp", layout="stereo")
        head, low_cut = self._graph.add("biquad", _HEAD), self._graph.add("biquad", _LOW_CUT)
        self._sink = self._graph.add("abuffersink")
        self._source.link_to(head)
        head.link_to(low_cut)
        low_cut.link_to(self._sink)
        self._graph.configure()
        self._samples = 0

    def energies(self, samples: Samples) -> Energies:
        """Energies of the next part of a sound; only its last part may end within a hop."""
        if not samples.shape[1]:
            return np.zeros(0, np.float32)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._samples
        self._samples += frame.samples
        self._source.push(frame)
        weighted = cast(Samples, cast(av.AudioFrame, self._sink.pull()).to_ndarray())
        padded = np.pad(weighted, ((0, 0), (0, -weighted.shape[1] % HOP_SAMPLES))).reshape(2, -1, HOP_SAMPLES)
        return np.asarray(np.einsum("chs,chs->h", padded, padded), np.float32)


def integrated_lufs(energies: Energies, gains: NDArray[np.float32] | None = None) -> float | None:
    """Gated loudness of a whole sound [LUFS]; None where nothing is louder than the absolute gate.

    A sound shorter than one measuring block of 400 ms is measured as if silence followed.

    Args:
        gains: A factor for each hop of the sound, by which it is amplified first.
    """
    rows = _steps(energies)
    if gains is None:
        steps = rows.sum(axis=1, dtype=np.float64)
    else:
        steps = np.einsum("sh,sh,sh->s", rows, _steps(gains), _steps(gains)).astype(np.float64)
    blocks = np.convolve(steps, np.ones(_BLOCK_STEPS), mode="valid") / _BLOCK_SAMPLES
    audible = blocks[blocks > _power(_ABSOLUTE_GATE_LUFS)]
    if not len(audible):
        return None
    gate = _power(_lufs(float(audible.mean())) + _RELATIVE_GATE_LU)
    return _lufs(float(audible[audible > gate].mean()))


def _steps(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values of hops in rows of 100 ms; a last incomplete row is left out, but one block there always is."""
    missing = _STEP_HOPS * _BLOCK_STEPS - len(values)
    known = np.pad(values, (0, missing)) if missing > 0 else values
    return known[: len(known) // _STEP_HOPS * _STEP_HOPS].reshape(-1, _STEP_HOPS)


def _lufs(power: float) -> float:
    return float(_OFFSET_LU + 10 * np.log10(power))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))
