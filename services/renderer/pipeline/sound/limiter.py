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
_PIECE_HOPS = 1 << 14

_SILENT = 1e-9


class Limiter:
    """The gain that keeps a sound of known peaks below a ceiling.

    Args:
        peaks: True peak of each hop of the whole sound (linear).
        gain: Factor that the sound is amplified by.
        ceiling: Highest true peak allowed (linear).
    """

    def __init__(self, peaks: NDArray[np.float32], gain: float, ceiling: float) -> None:
        decibels = _gain_db(_needed_db(peaks, gain / ceiling))
        self.is_active = bool(decibels.min(initial=0.0) < 0)
        decibels /= np.float32(20)
        factors = np.power(np.float32(10), decibels, out=decibels)
        factors *= np.float32(gain)
        self._curve = HopCurve(factors, HOP_SAMPLES)

    @property
    def gains(self) -> NDArray[np.float32]:
        """Factor at the middle of each hop."""
        return self._curve.values

    def gain(self, start: int, end: int) -> NDArray[np.float32]:
        """Factor for each sample from ``start`` to ``end``; it runs straight from hop to hop."""
        return self._curve.read(start, end)


def _needed_db(peaks: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """What each hop or its neighbours must be lowered by [dB, at most 0].

    The gain runs straight between the middles of hops, and a peak may lie off them.
    """
    needed = peaks * np.float32(factor)
    np.log10(np.maximum(needed, np.float32(_SILENT), out=needed), out=needed)
    needed *= np.float32(-20)
    np.minimum(needed, np.float32(0), out=needed)
    alone = needed.copy()
    np.minimum(needed[1:], alone[:-1], out=needed[1:])
    np.minimum(needed[:-1], alone[1:], out=needed[:-1])
    return needed


def _gain_db(needed: NDArray[np.float32]) -> NDArray[np.float32]:
    """The gain that is nowhere above what is needed and falls and rises no faster than is pleasant."""
    falling = _slope_limited(needed[::-1], _FALL_DB_PER_SECOND)[::-1]
    gain = _slope_limited(np.maximum(falling, np.float32(_DEEP_DB)), _RISE_DB_PER_SECOND)
    return np.minimum(gain, _slope_limited(falling, _DEEP_RISE_DB_PER_SECOND), out=gain)


def _slope_limited(values: NDArray[np.float32], rise_db_per_second: float) -> NDArray[np.float32]:
    """The highest curve below ``values``, one for each hop, that rises no faster than this.

    Worked out in pieces, each from where the one before ended, so that hours take no more memory than the result.
    """
    step = rise_db_per_second / _HOPS_PER_SECOND
    ramp = np.arange(_PIECE_HOPS) * step
    result, most = np.empty_like(values), np.inf
    for start in range(0, len(values), _PIECE_HOPS):
        piece = values[start : start + _PIECE_HOPS]
        rise = ramp[: len(piece)]
        level = np.minimum(np.minimum.accumulate(piece - rise), most)
        result[start : start + len(piece)] = level + rise
        most = level[-1] + rise[-1] + step
    return result
