"""Measures the loudness and the true peak of a sound that comes block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.loudness import HOP_SAMPLES, Energies, KWeighting, integrated_lufs
from services.renderer.pipeline.sound.peaks import EDGE_SAMPLES, hop_peaks
from services.renderer.pipeline.sound.source import Samples


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """Integrated loudness [LUFS] and true peak [dBTP]; None where there is silence."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Energy and true peak (linear) of each hop of a whole sound."""

    samples: int
    energies: Energies
    peaks: NDArray[np.float32]

    def loudness(self) -> Loudness:
        """What a meter tells of the sound as it is."""
        peak = float(self.peaks.max(initial=0))
        return Loudness(
            integrated_lufs=integrated_lufs(self.energies),
            true_peak_dbtp=20 * math.log10(peak) if peak > 0 else None,
        )


class Analyser:
    """Takes a sound block by block, then tells what is in it. Blocks but the last are whole hops.

    Args:
        expected_samples: How long the sound should be; room is made for this at once, or memory would be left in
            pieces.
    """

    def __init__(self, expected_samples: int) -> None:
        self._weighting = KWeighting()
        self._samples = 0
        hops = -(-expected_samples // HOP_SAMPLES)
        self._energies, self._peaks = _Column(hops), _Column(hops)
        # What came last, kept until its right-hand neighbours are there; the sound starts after silence.
        self._waiting = np.zeros((2, EDGE_SAMPLES), np.float32)

    def add(self, samples: Samples) -> None:
        """Take the next part of the sound."""
        self._samples += samples.shape[1]
        self._energies.add(self._weighting.energies(samples))
        self._waiting = np.concatenate([self._waiting, samples], axis=1)
        ready = (self._waiting.shape[1] - 2 * EDGE_SAMPLES) // HOP_SAMPLES * HOP_SAMPLES
        if ready > 0:
            self._peaks.add(hop_peaks(self._waiting[:, : ready + 2 * EDGE_SAMPLES]))
            self._waiting = self._waiting[:, ready:]

    def finish(self) -> Analysis:
        """What was found; the sound ends in silence."""
        self._peaks.add(hop_peaks(np.pad(self._waiting, ((0, 0), (0, EDGE_SAMPLES)))))
        return Analysis(samples=self._samples, energies=self._energies.values(), peaks=self._peaks.values())


class _Column:
    """Numbers that come in parts, in memory that was asked for at once; it grows where that was too little."""

    def __init__(self, expected: int) -> None:
        self._room = np.zeros(expected, np.float32)
        self._filled = 0

    def add(self, part: NDArray[np.float32]) -> None:
        end = self._filled + len(part)
        if end > len(self._room):
            self._room = np.concatenate([self._room, np.zeros(end, np.float32)])
        self._room[self._filled : end] = part
        self._filled = end

    def values(self) -> NDArray[np.float32]:
        return self._room[: self._filled]
