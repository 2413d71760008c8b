"""Brings a mix to its final loudness without exceeding the peak ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from services.renderer.pipeline.sound.limiter import Limiter
from services.renderer.pipeline.sound.loudness import integrated_lufs
from services.renderer.pipeline.sound.meter import Analysis, Loudness
from services.renderer.pipeline.sound.mix import Mix, Part
from services.renderer.pipeline.sound.source import Samples

MOST_TRUE_PEAK_DBTP = -1.0
"""EBU R 128 and the platforms' advice for lossy delivery."""

# Lossy encoding moves peaks; this much is kept free for it [dB].
_ENCODER_MARGIN_DB = 1.0
# More gain than this would only lift noise: a nearly silent video stays quiet [dB].
_MOST_GAIN_DB = 40.0
# An encoded sound may differ from its target by 0.3 LU; other meters round differently.
_CLOSE_ENOUGH_LU, _ENCODED_TOLERANCE_LU = 0.02, 0.2
_PEAK_SAFETY_DB = 0.1
_ROUNDS = 16
# Where the limiter works, a decibel more of gain is less than a decibel more of loudness.
_LIMITED_CORRECTION = 1.6


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What a master is brought to, so that it has its target loudness once it is encoded."""

    target_lufs: float
    loudness_lufs: float
    true_peak_dbtp: float

    @classmethod
    def at(cls, target_lufs: float) -> Self:
        """What is right for nearly every sound."""
        return cls(
            target_lufs=target_lufs,
            loudness_lufs=target_lufs,
            true_peak_dbtp=MOST_TRUE_PEAK_DBTP - _ENCODER_MARGIN_DB,
        )

    def corrected(self, encoded: Loudness) -> Aim | None:
        """The aim for another try, from what was measured after encoding; None when that is good."""
        loudness, peak = encoded.integrated_lufs, encoded.true_peak_dbtp
        if loudness is None or peak is None:
            return None
        too_high = max(0.0, peak - MOST_TRUE_PEAK_DBTP)
        off = self.target_lufs - loudness
        if too_high == 0 and abs(off) <= _ENCODED_TOLERANCE_LU:
            return None
        return Aim(
            target_lufs=self.target_lufs,
            loudness_lufs=self.loudness_lufs + off,
            true_peak_dbtp=self.true_peak_dbtp - (too_high + _PEAK_SAFETY_DB if too_high else 0),
        )


class Master:
    """A mix at its final loudness.

    Args:
        analysis: What is in the mix.
        aim: What to reach before encoding.
    """

    def __init__(self, mix: Mix, analysis: Analysis, aim: Aim) -> None:
        self.samples = mix.samples
        self._mix = mix
        self._limiter = _found_limiter(analysis, aim)

    def read(self, start: int, end: int, part: Part | None = None) -> Samples:
        """Samples ``start`` to ``end`` of the finished sound.

        Args:
            part: Only this one, under the gain of the whole: all parts together are the finished sound.
        """
        samples = self._mix.read(start, end) if part is None else self._mix.read_part(part, start, end)
        return samples * self._limiter.gain(start, end)


def _found_limiter(analysis: Analysis, aim: Aim) -> Limiter:
    """The gain, and the limiting it asks for, that give the loudness aimed at."""
    loudness = integrated_lufs(analysis.energies)
    gain_db = 0.0 if loudness is None else min(aim.loudness_lufs - loudness, _MOST_GAIN_DB)
    for _ in range(_ROUNDS):
        limiter = Limiter(analysis.peaks, 10 ** (gain_db / 20), 10 ** (aim.true_peak_dbtp / 20))
        reached = integrated_lufs(analysis.energies, limiter.gains)
        if not limiter.is_active or reached is None:
            return limiter
        error = aim.loudness_lufs - reached
        if abs(error) <= _CLOSE_ENOUGH_LU:
            return limiter
        gain_db = min(gain_db + error * _LIMITED_CORRECTION, _MOST_GAIN_DB)
    return limiter
