"""Brings a mix to its final loudness without exceeding the peak ceiling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.renderer.pipeline.sound.limiter import EDGE_SAMPLES, Limiter, hop_peaks
from services.renderer.pipeline.sound.meter import LoudnessMeter
from services.renderer.pipeline.sound.mix import Mix
from services.renderer.pipeline.sound.source import Samples, blocks

TARGET_LUFS = -14.0
"""What the large video platforms play back unchanged."""

MOST_TRUE_PEAK_DBTP = -1.0
"""EBU R 128 and the platforms' advice for lossy delivery."""

# Lossy encoding moves peaks; this much is kept free for it, and checked after encoding [dB].
_ENCODER_MARGIN_DB = 1.0
# More gain than this would only lift noise: a nearly silent video stays quiet [dB].
_MOST_GAIN_DB = 40.0
_CLOSE_ENOUGH_LU = 0.1
_ROUNDS = 6
# Where the limiter works, a decibel more of gain is less than a decibel more of loudness.
_LIMITED_CORRECTION = 1.6

Heartbeat = Callable[[], None]


class Master:
    """A mix at its final loudness.

    Args:
        ceiling_drop_db: Lowers the peak ceiling further, for sounds that the encoder lifts more than usual.
        heartbeat: Called after each block of work.
    """

    def __init__(self, mix: Mix, heartbeat: Heartbeat, ceiling_drop_db: float = 0.0) -> None:
        self.samples = mix.samples
        self._mix = mix
        self._heartbeat = heartbeat
        self._ceiling = 10 ** ((MOST_TRUE_PEAK_DBTP - _ENCODER_MARGIN_DB - ceiling_drop_db) / 20)
        self._limiter = self._found_limiter()

    def read(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end`` of the finished sound."""
        return self._mix.read(start, end) * self._limiter.gain(start, end)

    def _found_limiter(self) -> Limiter:
        loudness, peaks = self._analysed()
        gain_db = 0.0 if loudness is None else min(TARGET_LUFS - loudness, _MOST_GAIN_DB)
        for _ in range(_ROUNDS):
            limiter = Limiter(peaks, 10 ** (gain_db / 20), self._ceiling)
            if not limiter.is_active:
                return limiter
            error = TARGET_LUFS - self._loudness_with(limiter)
            if abs(error) <= _CLOSE_ENOUGH_LU:
                return limiter
            gain_db = min(gain_db + error * _LIMITED_CORRECTION, _MOST_GAIN_DB)
        return limiter

    def _analysed(self) -> tuple[float | None, np.ndarray]:
        meter, peaks = LoudnessMeter(), []
        for start, end in blocks(self._mix.samples):
            samples = self._mix.read(start - EDGE_SAMPLES, end + EDGE_SAMPLES)
            meter.add(samples[:, EDGE_SAMPLES:-EDGE_SAMPLES])
            peaks.append(hop_peaks(samples))
            self._heartbeat()
        return meter.loudness().integrated_lufs, np.concatenate(peaks)

    def _loudness_with(self, limiter: Limiter) -> float:
        meter = LoudnessMeter()
        for start, end in blocks(self._mix.samples):
            meter.add(self._mix.read(start, end) * limiter.gain(start, end))
            self._heartbeat()
        return meter.loudness().integrated_lufs or TARGET_LUFS
