"""The music under a video: looped with crossfades or trimmed, and faded out at the end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.source import Samples, SoundSource, silence
from shared.contracts.timeline import SAMPLE_RATE

_LOOP_FADE_SAMPLES = 2 * SAMPLE_RATE
_END_FADE_SAMPLES = 3 * SAMPLE_RATE


def loop_overlap(samples: int) -> int:
    """How many samples two repetitions of a music of this length share."""
    return min(_LOOP_FADE_SAMPLES, samples // 4)


class MusicLoop:
    """Music for exactly ``samples`` samples.

    Each repetition starts while the one before it fades out, at equal power: the two ends are unrelated
    sounds. The end of the video fades to silence.
    """

    def __init__(self, source: SoundSource, samples: int) -> None:
        self._source = source
        self._samples = samples
        self._overlap = loop_overlap(source.samples)
        self._period = source.samples - self._overlap
        self._end_fade = min(_END_FADE_SAMPLES, samples // 4)

    def read(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end`` of the video."""
        result = silence(end - start)
        for repetition in range(max(0, start // self._period - 1), (end - 1) // self._period + 1):
            result += self._repetition(repetition, start, end)
        fade = max(start, self._samples - self._end_fade)
        if fade < end:
            result[:, fade - start :] *= self._faded_out(np.arange(fade, end))
        return result

    def _repetition(self, number: int, start: int, end: int) -> Samples:
        first, last = start - number * self._period, end - number * self._period
        samples = self._source.read(first, last)
        if number > 0 and first < self._overlap:
            inside = slice(max(0, -first), self._overlap - first)
            samples[:, inside] *= self._rising(max(0, first), min(last, self._overlap))
        if last > self._period:
            inside = slice(max(0, self._period - first), max(0, self._source.samples - first))
            samples[:, inside] *= self._falling(max(first, self._period), min(last, self._source.samples))
        return samples

    def _rising(self, first: int, last: int) -> NDArray[np.float32]:
        return self._equal_power(np.arange(first, last))

    def _falling(self, first: int, last: int) -> NDArray[np.float32]:
        return self._equal_power(self._source.samples - np.arange(first, last))

    def _equal_power(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(np.sin(places * (np.pi / 2 / max(1, self._overlap))), np.float32)

    def _faded_out(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        left = (self._samples - places) / max(1, self._end_fade)
        return np.asarray(np.square(np.sin(left * np.pi / 2)), np.float32)
