"""Brings a mix to its final loudness without exceeding the peak ceiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.renderer.pipeline.sound.limiter import EDGE_SAMPLES, Limiter, hop_peaks
from services.renderer.pipeline.sound.meter import Loudness, LoudnessMeter
from services.renderer.pipeline.sound.mix import Mix
from services.renderer.pipeline.sound.source import Samples, blocks

TARGET_LUFS = -14.0
"""What the large video platforms play back unchanged."""

MOST_TRUE_PEAK_DBTP = -1.0
"""EBU R 128 and the platforms' advice for lossy delivery."""

# Lossy encoding moves peaks; this much is kept free for it [dB].
_ENCODER_MARGIN_DB = 1.0
# More gain than this would only lift noise: a nearly silent video stays quiet [dB].
_MOST_GAIN_DB = 40.0
_CLOSE_ENOUGH_LU, _ENCODED_TOLERANCE_LU = 0.1, 0.3
_PEAK_SAFETY_DB = 0.1
_ROUNDS = 6
# Where the limiter works, a decibel more of gain is less than a decibel more of loudness.
_LIMITED_CORRECTION = 1.6

Heartbeat = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a master is brought to before it is encoded."""

    loudness_lufs: float = TARGET_LUFS
    true_peak_dbtp: float = MOST_TRUE_PEAK_DBTP - _ENCODER_MARGIN_DB

    def corrected(self, encoded: Loudness) -> Aim | None:
        """The aim for another try, from what was measured after encoding; None when that is good."""
        loudness, peak = encoded.integrated_lufs, encoded.true_peak_dbtp
        if loudness is None or peak is None:
            return None
        too_high = max(0.0, peak - MOST_TRUE_PEAK_DBTP)
        off = TARGET_LUFS - loudness
        if too_high == 0 and abs(off) <= _ENCODED_TOLERANCE_LU:
            return None
        return Aim(
            loudness_lufs=self.loudness_lufs + off,
            true_peak_dbtp=self.true_peak_dbtp - (too_high + _PEAK_SAFETY_DB if too_high else 0),
        )


class Master:
    """A mix at its final loudness.

    Args:
        heartbeat: Called after each block of work.
        aim: What to reach before encoding.
    """

    def __init__(self, mix: Mix, heartbeat: Heartbeat, aim: Aim) -> None:
        self.samples = mix.samples
        self._mix = mix
        self._heartbeat = heartbeat
        self._aim = aim
        self._limiter = self._found_limiter()

    def read(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end`` of the finished sound."""
        return self._mix.read(start, end) * self._limiter.gain(start, end)

    def _found_limiter(self) -> Limiter:
        loudness, peaks = self._analysed()
        gain_db = 0.0 if loudness is None else min(self._aim.loudness_lufs - loudness, _MOST_GAIN_DB)
        for _ in range(_ROUNDS):
            limiter = Limiter(peaks, 10 ** (gain_db / 20), 10 ** (self._aim.true_peak_dbtp / 20))
            if not limiter.is_active:
                return limiter
            error = self._aim.loudness_lufs - self._loudness_with(limiter)
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
        return meter.loudness().integrated_lufs or self._aim.loudness_lufs
