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

# A hop is looked at in pieces.
_PIECE_SAMPLES = 32
_WINDOW_SAMPLES = _PIECE_SAMPLES + 2 * EDGE_SAMPLES
# Products of matrices that are too small for the linear algebra library to share out to threads, which on a busy
# machine wait for each other; and as many at a time as stay in the processor's cache.
_PIECES, _AT_ONCE = 40, 25


def hop_peaks(samples: Samples) -> NDArray[np.float32]:
    """True peak of each hop (linear, the louder channel) of samples; a last incomplete hop counts.

    Args:
        samples: Shape (2, n + 2 * :data:`EDGE_SAMPLES`): a block and its neighbourhood on both sides.
    """
    count = samples.shape[1] - 2 * EDGE_SAMPLES
    groups = -(-count // (_PIECES * _PIECE_SAMPLES))
    peaks = np.zeros((groups, _PIECES), np.float32)
    if groups:
        padded = np.pad(samples, ((0, 0), (0, peaks.size * _PIECE_SAMPLES - count)))
        for channel in padded:
            windows = np.lib.stride_tricks.sliding_window_view(channel, _WINDOW_SAMPLES)[::_PIECE_SAMPLES]
            _raise_to(peaks, windows.reshape(groups, _PIECES, _WINDOW_SAMPLES))
    hops = peaks.reshape(-1, HOP_SAMPLES // _PIECE_SAMPLES).max(axis=1, initial=0)
    return np.asarray(hops[: -(-count // HOP_SAMPLES)])


def _raise_to(peaks: NDArray[np.float32], windows: NDArray[np.float32]) -> None:
    for first in range(0, len(windows), _AT_ONCE):
        points = windows[first : first + _AT_ONCE] @ _INTERPOLATOR
        found = peaks[first : first + _AT_ONCE]
        np.maximum(found, np.abs(points, out=points).max(axis=2), out=found)


def _interpolator() -> NDArray[np.float32]:
    """From the samples of a piece and its edges to the samples of the piece and three points after each."""
    places = np.arange(_TAPS) - _TAPS // 2 + 1
    matrix = np.zeros((_PHASES, _WINDOW_SAMPLES, _PIECE_SAMPLES), np.float32)
    for phase in range(_PHASES):
        away = places - phase / _PHASES
        taps = np.sinc(away) * np.cos(away / (_TAPS + 1) * np.pi) ** 2
        for sample in range(_PIECE_SAMPLES):
            matrix[phase, sample + 1 : sample + 1 + _TAPS, sample] = taps / taps.sum()
    return np.concatenate(list(matrix), axis=1)


_INTERPOLATOR = _interpolator()
