"""True peaks: how high a sound rises between its samples (ITU-R BS.1770-4, annex 2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.loudness import HOP_SAMPLES
from services.renderer.pipeline.sound.source import Samples

# Four phases as in the standard; more taps than its twelve, so that high frequencies are not underread.
_PHASES, _TAPS = 4, 16

EDGE_SAMPLES = _TAPS // 2
"""Samples before and after a block that :func:`hop_peaks` needs."""

_WINDOW_SAMPLES = HOP_SAMPLES + 2 * EDGE_SAMPLES
# The points of so many hops stay in the processor's cache.
_HOPS_AT_ONCE = 1024


def hop_peaks(samples: Samples) -> NDArray[np.float32]:
    """True peak of each hop (linear, the louder channel) of samples; a last incomplete hop counts.

    Args:
        samples: Shape (2, n + 2 * :data:`EDGE_SAMPLES`): a block and its neighbourhood on both sides.
    """
    count = samples.shape[1] - 2 * EDGE_SAMPLES
    hops = -(-count // HOP_SAMPLES)
    if not hops:
        return np.zeros(0, np.float32)
    padded = np.pad(samples, ((0, 0), (0, hops * HOP_SAMPLES - count)))
    peaks = np.zeros(hops, np.float32)
    for channel in padded:
        windows = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW_SAMPLES)[::HOP_SAMPLES]
        for first in range(0, hops, _HOPS_AT_ONCE):
            points = windows[first : first + _HOPS_AT_ONCE] @ _INTERPOLATOR
            found = peaks[first : first + _HOPS_AT_ONCE]
            np.maximum(found, np.abs(points, out=points).max(axis=1), out=found)
    return peaks


def _interpolator() -> NDArray[np.float32]:
    """From the samples of a hop and its edges to the samples of the hop and three points after each."""
    places = np.arange(_TAPS) - _TAPS // 2 + 1
    matrix = np.zeros((_PHASES, _WINDOW_SAMPLES, HOP_SAMPLES), np.float32)
    for phase in range(_PHASES):
        away = places - phase / _PHASES
        taps = np.sinc(away) * np.cos(away / (_TAPS + 1) * np.pi) ** 2
        for sample in range(HOP_SAMPLES):
            matrix[phase, sample + 1 : sample + 1 + _TAPS, sample] = taps / taps.sum()
    return np.concatenate(list(matrix), axis=1)


_INTERPOLATOR = _interpolator()
