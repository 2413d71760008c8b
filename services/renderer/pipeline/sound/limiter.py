"""Keeps true peaks below a ceiling by lowering the gain around them, before and after, along straight slopes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.source import Samples
from shared.contracts.timeline import SAMPLE_RATE

HOP_SAMPLES = 32
"""The gain is known each 2/3 ms and runs straight in between."""

# The gain falls fast enough to be inaudible as a fade and slow enough not to click, and recovers before the next
# syllable without following single waves of a deep voice [dB/s]. What a lone click takes beyond the usual few
# decibels comes back at once, or everything after it would be lost.
_FALL_DB_PER_SECOND, _RISE_DB_PER_SECOND = 1_000, 40
_DEEP_DB, _DEEP_RISE_DB_PER_SECOND = -6.0, 400
_HOPS_PER_SECOND = SAMPLE_RATE / HOP_SAMPLES

# Interpolator for the peaks between samples: four phases of twelve taps, the size in ITU-R BS.1770-4, annex 2.
_PHASES, _TAPS = 4, 12
_SILENT = 1e-9


def hop_peaks(samples: Samples) -> NDArray[np.float32]:
    """True peak of each hop (linear, the louder channel) of samples; a last incomplete hop counts.

    Args:
        samples: Shape (2, n + 2 * :data:`EDGE_SAMPLES`): a block and its neighbourhood on both sides.
    """
    inner = np.abs(samples[:, EDGE_SAMPLES:-EDGE_SAMPLES])
    peaks = inner.max(axis=0)
    for taps in _INTERPOLATOR:
        for channel in samples:
            between = np.abs(np.convolve(channel, taps, mode="valid"))
            np.maximum(peaks, between[: len(peaks)], out=peaks)
    padded = np.pad(peaks, (0, -len(peaks) % HOP_SAMPLES))
    return np.asarray(padded.reshape(-1, HOP_SAMPLES).max(axis=1))


class Limiter:
    """The gain that keeps a sound of known peaks below a ceiling.

    Args:
        peaks: From :func:`hop_peaks`, for the whole sound.
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
        self._gain = gain * 10 ** (decibels / 20)

    def gain(self, start: int, end: int) -> NDArray[np.float32]:
        """Factor for each sample from ``start`` to ``end``."""
        first, last = max(0, start // HOP_SAMPLES - 1), end // HOP_SAMPLES + 2
        gains = self._gain[first:last]
        centres = (np.arange(len(gains)) + first + 0.5) * HOP_SAMPLES
        return np.interp(np.arange(start, end), centres, gains).astype(np.float32)


def _lowest_of_neighbours(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value or a lower one beside it: the gain runs straight between hop centres, a peak may lie off them."""
    padded = np.pad(values, 1, mode="edge")
    return np.minimum(np.minimum(padded[:-2], padded[2:]), values)


def _slope_limited(values: NDArray[np.float64], rise_db_per_second: float) -> NDArray[np.float64]:
    """The highest curve below ``values``, one for each hop, that rises no faster than this."""
    ramp = np.arange(len(values)) * (rise_db_per_second / _HOPS_PER_SECOND)
    return np.asarray(np.minimum.accumulate(values - ramp) + ramp)


def _interpolator() -> list[NDArray[np.float32]]:
    """Windowed sinc filters for the points at 1/4, 2/4 and 3/4 between two samples."""
    places = np.arange(_TAPS) - _TAPS // 2 + 1
    filters = []
    for phase in range(1, _PHASES):
        away = places - phase / _PHASES
        taps = np.sinc(away) * np.cos(away / (_TAPS + 1) * np.pi) ** 2
        filters.append((taps / taps.sum())[::-1].astype(np.float32))
    return filters


_INTERPOLATOR = _interpolator()

EDGE_SAMPLES = _TAPS // 2
"""Samples before and after a block that :func:`hop_peaks` needs."""
