"""Keeps true peaks below a ceiling by lowering the gain around them, before and after, along straight slopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.curve import HopCurve
from services.renderer.pipeline.sound.loudness import HOP_SAMPLES
from shared.contracts.timeline import SAMPLE_RATE

# The gain falls fast enough to be inaudible as a fade and slow enough not to click, and recovers before the next
# syllable without following single waves of a deep voice [dB/s]. What a lone click takes beyond the usual few
# decibels comes back at once, or everything after it would be lost.
_FALL_DB_PER_SECOND, _RISE_DB_PER_SECOND = 1_000, 40
_DEEP_DB, _DEEP_RISE_DB_PER_SECOND = -6.0, 400
_HOPS_PER_SECOND = SAMPLE_RATE / HOP_SAMPLES

_SILENT = 1e-9


class Limiter:
    """The gain that keeps a sound of known peaks below a ceiling.

    Args:
        peaks: True peak of each hop of the whole sound (linear).
        gain: Factor that the sound is amplified by.
        ceiling: Highest true peak allowed (linear).
    """

    def __init__(self, peaks: NDArray[np.float32], gain: float, ceiling: float) -> None:
        over = np.log10(np.maximum(peaks.astype(np.float64) * (gain / ceiling), _SILENT)) * 20
        needed = _lowest_of_neighbours(np.minimum(0.0, -over))
        falling = _slope_limited(needed[::-1], _FALL_DB_PER_SECOND)[::-1]
        usual = _slope_limited(np.maximum(falling, _DEEP_DB), _RISE_DB_PER_SECOND)
        decibels = np.minimum(usual, _slope_limited(falling, _DEEP_RISE_DB_PER_SECOND))
        self.is_active = bool(decibels.min(initial=0.0) < 0)
        self._curve = HopCurve(gain * 10 ** (decibels / 20), HOP_SAMPLES)

    @property
    def gains(self) -> NDArray[np.float32]:
        """Factor at the middle of each hop."""
        return self._curve.values

    def gain(self, start: int, end: int) -> NDArray[np.float32]:
        """Factor for each sample from ``start`` to ``end``; it runs straight from hop to hop."""
        return self._curve.read(start, end)


def _lowest_of_neighbours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value or a lower one beside it: the gain runs straight between hop centres, a peak may lie off them."""
    padded = np.pad(values, 1, mode="edge")
    return np.minimum(np.minimum(padded[:-2], padded[2:]), values)


def _slope_limited(values: NDArray[np.float64], rise_db_per_second: float) -> NDArray[np.float64]:
    """The highest curve below ``values``, one for each hop, that rises no faster than this."""
    ramp = np.arange(len(values)) * (rise_db_per_second / _HOPS_PER_SECOND)
    return np.asarray(np.minimum.accumulate(values - ramp) + ramp)
