"""A gain that is known once each hop and runs straight in between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class HopCurve:
    """Values at the middle of each hop, told for single samples; before the first and after the last they stay.

    Args:
        values: One for each hop.
        hop_samples: Length of a hop; even, so that its middle is a sample.
    """

    def __init__(self, values: NDArray[np.floating], hop_samples: int) -> None:
        self.values = values.astype(np.float32, copy=False)
        self._hop = hop_samples
        self._places = (np.arange(hop_samples) / hop_samples).astype(np.float32)

    def read(self, start: int, end: int) -> NDArray[np.float32]:
        """Values at the samples from ``start`` to ``end``."""
        middle = self._hop // 2
        first, last = (start - middle) // self._hop, (end - 1 - middle) // self._hop
        known = self.values[np.clip(np.arange(first, last + 2), 0, len(self.values) - 1)]
        lines = known[:-1, None] + np.diff(known)[:, None] * self._places
        offset = start - (first * self._hop + middle)
        return np.asarray(lines.reshape(-1)[offset : offset + end - start])
