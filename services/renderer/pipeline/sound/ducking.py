"""How far the music steps back while somebody speaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.curve import HopCurve
from services.renderer.pipeline.sound.source import Samples
from shared.contracts.timeline import SAMPLE_RATE

HOP_SAMPLES = SAMPLE_RATE // 100
"""Speech is looked for in steps of 10 ms."""

# Quieter than this is room noise, not speech, in a voice brought to its nominal level [dBFS].
_SPEECH_RMS = 10 ** (-45 / 20)
# The music is down this long before speech and stays down this long after it, so that it does not pump between
# words; the way down and up takes the ramp [s].
_BEFORE_SECONDS, _AFTER_SECONDS, _RAMP_SECONDS = 0.2, 0.6, 0.4


def speech_in(voice: Samples) -> NDArray[np.bool_]:
    """In which hops of a voice track somebody speaks; a last incomplete hop counts."""
    padded = np.pad(voice, ((0, 0), (0, -voice.shape[1] % HOP_SAMPLES)))
    rms = np.sqrt(np.square(padded).reshape(2, -1, HOP_SAMPLES).mean(axis=(0, 2)))
    return np.asarray(rms > _SPEECH_RMS)


class Ducking:
    """The gain of the music over time, known from where speech is in the whole video.

    It looks ahead, so the music is already down when the first word starts.

    Args:
        speech: One value for each hop of the video.
        duck_db: Gain under speech [dB], at most 0.
    """

    def __init__(self, speech: NDArray[np.bool_], duck_db: float) -> None:
        held = _spread(speech, _hops(_BEFORE_SECONDS), _hops(_AFTER_SECONDS))
        ramp = np.hanning(_hops(_RAMP_SECONDS) + 2)
        smooth = _convolved(held.astype(np.float64), ramp / ramp.sum())
        self._curve = HopCurve(10 ** (duck_db * smooth / 20), HOP_SAMPLES)

    def gain(self, start: int, end: int) -> NDArray[np.float32]:
        """Factor for each sample from ``start`` to ``end``."""
        return self._curve.read(start, end)


def _hops(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE / HOP_SAMPLES)


def _spread(speech: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Speech, and the hops around it."""
    reach = max(before, after)
    kernel = np.zeros(2 * reach + 1)
    kernel[reach - before : reach + after + 1] = 1
    return _convolved(speech.astype(np.float64), kernel) > 0.5


def _convolved(values: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Same length as ``values``, also when the kernel is longer; edges go on as they are."""
    reach = len(kernel) // 2
    return np.convolve(np.pad(values, (reach, len(kernel) - 1 - reach), mode="edge"), kernel, mode="valid")
