"""Notes to a finished stereo sound: balance, a hall, an even loudness, silence at both ends."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.composing.instruments import RATE, Sound, play
from services.content.providers.offline.composing.moods import Instrument
from services.content.providers.offline.composing.notes import Note
from services.content.providers.offline.seeds import generator

_BALANCE = {
    Instrument.PAD: (0.36, 0.35),
    Instrument.KEYS: (0.52, 0.30),
    Instrument.PLUCK: (0.50, 0.28),
    Instrument.MARIMBA: (0.50, 0.30),
    Instrument.BELL: (0.55, 0.55),
    Instrument.BASS: (0.42, 0.03),
    Instrument.KICK: (0.55, 0.04),
    Instrument.SHAKER: (0.24, 0.12),
    Instrument.SNAP: (0.30, 0.30),
    Instrument.TOM: (0.50, 0.40),
}
"""Level of each instrument, and how much of it goes to the hall."""

_CURVE_HZ = (0.0, 25.0, 45.0, 120.0, 320.0, 900.0, 2_500.0, 6_000.0, 14_000.0, 24_000.0)
_CURVE_DB = (-60.0, -30.0, -2.0, 0.0, -2.0, 0.0, 2.0, 4.0, 3.0, -6.0)
_CURVE_TAPS = 4_096

_HALL_S = 2.6
_BLOCK = 1 << 17
_TARGET_LUFS = -18.0
_CEILING = 0.80
_FADE_IN_S = 0.02


def mixed(notes: Iterable[Note], duration_s: float, brightness: float) -> NDArray[np.int16]:
    """16-bit samples, shape (frames, 2), exactly ``duration_s`` long to the nearest sample."""
    length = round(duration_s * RATE)
    dry, hall = np.zeros((2, length), np.float32), np.zeros((2, length), np.float32)
    played: dict[tuple[Instrument, int, int], Sound] = {}
    for note in notes:
        _place(note, brightness, dry, hall, played)
    dry = _coloured(dry + _in_hall(hall))
    dry *= _gain_to(dry, _TARGET_LUFS)
    limited = np.tanh(dry / _CEILING) * _CEILING
    return np.round(_faded(limited, duration_s) * 32767).astype("<i2").T


def _place(
    note: Note, brightness: float, dry: Sound, hall: Sound, played: dict[tuple[Instrument, int, int], Sound]
) -> None:
    key = (note.instrument, note.midi, round(note.seconds * 100))
    if key not in played:
        played[key] = play(note.instrument, note.midi, note.seconds, brightness)
    sound = played[key]
    first = round(note.start * RATE)
    count = min(sound.shape[-1], dry.shape[1] - first)
    if count <= 0:
        return
    level, send = _BALANCE[note.instrument]
    gains = np.array(_pan_gains(note.pan), np.float32)[:, None] * np.float32(level * note.loudness)
    voiced = sound[..., :count] * gains
    dry[:, first : first + count] += voiced
    hall[:, first : first + count] += voiced * np.float32(send)


def _coloured(sound: Sound) -> Sound:
    """The whole mix through one gentle curve: no rumble, less mud, a little air."""
    response = np.fft.irfft(10 ** (np.interp(np.fft.rfftfreq(_CURVE_TAPS, 1 / RATE), _CURVE_HZ, _CURVE_DB) / 20))
    taps = np.roll(response, _CURVE_TAPS // 2) * np.hanning(_CURVE_TAPS)
    return _convolved(sound, np.stack([taps, taps]), shift=_CURVE_TAPS // 2)


def _pan_gains(pan: float) -> tuple[float, float]:
    """Equal power, left and right."""
    angle = (pan + 1) * math.pi / 4
    return math.cos(angle), math.sin(angle)


def _in_hall(sound: Sound) -> Sound:
    return _convolved(sound, _impulse_response())


def _convolved(sound: Sound, response: NDArray[np.float64], *, shift: int = 0) -> Sound:
    """Convolution block by block (overlap-add), its first ``shift`` samples dropped."""
    size = 2 * _BLOCK
    spectrum = np.fft.rfft(response, size)
    length = sound.shape[1]
    wet = np.zeros((2, length + size), np.float32)
    for first in range(0, length, _BLOCK):
        block = np.fft.rfft(sound[:, first : first + _BLOCK], size)
        wet[:, first : first + size] += np.fft.irfft(block * spectrum, size)
    return wet[:, shift : shift + length]


def _impulse_response() -> NDArray[np.float64]:
    """A warm hall: diffuse noise whose highs die first, after a short gap; different left and right."""
    count = min(round(_HALL_S * RATE), _BLOCK)
    time = np.arange(count) / RATE
    noise = generator("hall").standard_normal((2, count))
    bright = noise * np.exp(-time / 0.16)
    dark = _low_passed(noise, 1_800) * np.exp(-time / 0.48)
    response = 0.5 * bright + dark
    build = np.clip((time - 0.018) / 0.03, 0, 1)
    response *= build * np.clip((time[-1] - time) / 0.2, 0, 1)
    response = _high_passed(response, 180)
    return np.asarray(response / np.sqrt(np.sum(np.square(response), axis=1, keepdims=True)) * 1.1)


def _low_passed(sound: NDArray[np.float64], hertz: float) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(sound)
    spectrum *= 1 / (1 + (np.fft.rfftfreq(sound.shape[-1], 1 / RATE) / hertz) ** 2)
    return np.asarray(np.fft.irfft(spectrum, sound.shape[-1]))


def _high_passed(sound: NDArray[np.float64], hertz: float) -> NDArray[np.float64]:
    return sound - _low_passed(sound, hertz)


def _gain_to(sound: Sound, lufs: float) -> np.float32:
    """Gain that brings the integrated loudness near ``lufs``."""
    return np.float32(10 ** ((lufs - loudness(sound)) / 20))


def loudness(sound: Sound) -> float:
    """Integrated loudness [LUFS] after ITU-R BS.1770-4, K-weighting by spectrum in 400 ms blocks."""
    size = round(0.4 * RATE)
    count = max(sound.shape[1] // size, 1)
    padded = np.zeros((2, count * size), np.float32)
    padded[:, : min(sound.shape[1], count * size)] = sound[:, : count * size]
    weight = _k_weight(np.fft.rfftfreq(size, 1 / RATE).astype(np.float64))
    powers = np.array([_power(padded[:, i * size : (i + 1) * size], weight, size) for i in range(count)])
    loud = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    if not len(loud):
        return -70.0
    gated = loud[loud > np.mean(loud) * 0.1]
    return float(-0.691 + 10 * np.log10(np.mean(gated)))


def _power(block: Sound, weight: NDArray[np.float64], size: int) -> float:
    spectrum = np.abs(np.fft.rfft(block)) ** 2 * weight
    return float(np.sum(spectrum) * 2 / size**2)


def _k_weight(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power gain of the K-weighting: high-pass near 38 Hz, and a shelf of 4 dB above about 1.7 kHz."""
    high_pass = (hertz / 38.0) ** 4 / ((1 - (hertz / 38.0) ** 2) ** 2 + (hertz / 38.0 / 0.5) ** 2)
    shelf = 1 + (10 ** (4.0 / 10) - 1) / (1 + (1_682.0 / np.maximum(hertz, 1e-9)) ** 4)
    return np.asarray(high_pass * shelf)


def _faded(sound: Sound, duration_s: float) -> Sound:
    """Silence at the first and the last sample; the end fades over the last fifth, at most 2.5 s."""
    length = sound.shape[1]
    rise = min(round(_FADE_IN_S * RATE), length // 4)
    fall = min(round(min(2.5, duration_s * 0.2) * RATE), length // 2)
    sound[:, :rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    sound[:, length - fall :] *= np.cos(np.linspace(0, np.pi / 2, fall, dtype=np.float32)) ** 2
    return sound
