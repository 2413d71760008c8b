"""Makes the engine's dry sound kinder: less buzz, a little body, a small room, an even level."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.seeds import generator

_CURVE_HZ = (0.0, 55.0, 90.0, 190.0, 320.0, 900.0, 2_400.0, 3_400.0, 5_500.0, 7_500.0, 9_500.0, 24_000.0)
_CURVE_DB = (-40.0, -24.0, -1.0, 2.5, 1.0, 0.0, -1.0, -2.5, -2.0, -6.0, -14.0, -30.0)
"""Hum and rumble out, warmth up, the metallic edge of formant synthesis down."""

_ROOM_S = 0.22
_ROOM_DB = -23.0
_TARGET_RMS_DBFS = -20.0
_PEAK = 0.89


def shaped(dry: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The sound with curve and room applied and the same length; not yet levelled."""
    if not len(dry):
        return np.zeros(0, np.float32)
    size = _fft_size(len(dry) + round(_ROOM_S * sample_rate))
    spectrum = np.fft.rfft(dry, size)
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)
    curve = 10 ** (np.interp(frequencies, _CURVE_HZ, _CURVE_DB) / 20)
    room = np.fft.rfft(_room(sample_rate), size)
    return np.fft.irfft(spectrum * curve * (1 + room), size)[: len(dry)].astype(np.float32)


def levelled(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    """16-bit samples at an even speech level (about -20 dBFS RMS while speaking), peaks kept below full scale."""
    loud = np.abs(sound) > 0.05 * np.abs(sound).max(initial=1e-9)
    rms = float(np.sqrt(np.mean(np.square(sound[loud])))) if loud.any() else 1.0
    gain = 10 ** (_TARGET_RMS_DBFS / 20) / max(rms, 1e-6)
    soft = np.tanh(sound * gain / _PEAK) * _PEAK
    return np.asarray(np.round(soft * 32767).astype("<i2"))


def _room(sample_rate: int) -> NDArray[np.float64]:
    """Impulse response of a small soft room: noise that dies away, after a short gap."""
    length = round(_ROOM_S * sample_rate)
    time = np.arange(length) / sample_rate
    tail = generator("room").standard_normal(length) * np.exp(-time / 0.045)
    tail[: round(0.008 * sample_rate)] = 0
    return np.asarray(tail * (3 * 10 ** (_ROOM_DB / 20)) / np.sqrt(np.sum(np.square(tail))))


def _fft_size(least: int) -> int:
    """Next size of the form 2^a or 3·2^a, which transforms fast."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power
