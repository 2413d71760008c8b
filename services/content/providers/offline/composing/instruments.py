"""Sounds of single notes, mono or stereo, from sines, tables and shaped noise. All start and end at zero."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.composing.moods import Instrument
from services.content.providers.offline.seeds import generator

RATE = 48_000
Sound = NDArray[np.float32]
_TABLE_SIZE = 4_096


def frequency(midi: int) -> float:
    """Equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((midi - 69) / 12))


def _times(seconds: float) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE)) / RATE


def _edges(sound: NDArray[np.float64], attack_s: float, release_s: float) -> NDArray[np.float64]:
    """Raised-cosine fades at both ends, so that no note clicks."""
    for length_s, at_end in ((attack_s, False), (release_s, True)):
        count = min(round(length_s * RATE), sound.shape[-1])
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))
        if at_end:
            sound[..., sound.shape[-1] - count :] *= ramp[::-1]
        else:
            sound[..., :count] *= ramp
    return sound


@cache
def _pad_table(harmonics: int, slope_percent: int) -> NDArray[np.float64]:
    phase = 2 * np.pi * np.arange(_TABLE_SIZE) / _TABLE_SIZE
    chance = generator("pad table", harmonics)
    waves = [
        np.sin(n * phase + chance.uniform(0, 6.28)) / n ** (slope_percent / 100) for n in range(1, harmonics + 1)
    ]
    table = np.sum(waves, axis=0)
    return np.asarray(np.append(table, table[0]) / np.abs(table).max())


def pad(midi: int, seconds: float, brightness: float) -> Sound:
    """A held warm tone, slightly different left and right; swells in and dies away over 1.4 s after its end."""
    release = 1.4
    time = _times(seconds + release)
    pitch = frequency(midi)
    harmonics = int(np.clip((900 + 2600 * brightness) / pitch, 2, 14))
    table = _pad_table(harmonics, round(100 * (1.75 - 0.45 * brightness)))
    sides = [_detuned(table, pitch, time, cents) for cents in ((-7.0, 2.0), (7.0, -2.5))]
    swell = 0.82 + 0.18 * np.sin(2 * np.pi * 0.11 * time + midi)
    return _edges(np.stack(sides) * swell, min(0.9, seconds * 0.45), release).astype(np.float32) * 0.30


def _detuned(
    table: NDArray[np.float64], pitch: float, time: NDArray[np.float64], cents: tuple[float, ...]
) -> NDArray[np.float64]:
    total = np.zeros(len(time))
    for index, shift in enumerate(cents):
        cycles = pitch * 2 ** (shift / 1200) * time + 0.37 * index
        total += table[((cycles % 1.0) * _TABLE_SIZE).astype(np.int32)]
    return total


def keys(midi: int, seconds: float, brightness: float) -> Sound:
    """Soft electric piano: frequency modulation that mellows as the note rings, with a short tine."""
    time = _times(max(seconds, 0.35) + 0.5)
    pitch = frequency(midi)
    body = 1.1 * (0.4 + brightness) * np.exp(-time * 3.2)
    tine = 0.06 * np.sin(2 * np.pi * pitch * 7.0 * time) * np.exp(-time * 16) if pitch * 7 < 9_000 else 0.0
    tone = np.sin(2 * np.pi * pitch * time + body * np.sin(2 * np.pi * pitch * time)) + tine
    tone += 0.18 * np.sin(4 * np.pi * pitch * time) * np.exp(-time * 2.5)
    decay = np.exp(-time * (0.9 + pitch / 900))
    tremble = 1 + 0.05 * np.sin(2 * np.pi * 4.6 * time)
    return _edges(tone * decay * tremble, 0.006, 0.45).astype(np.float32) * 0.5


def pluck(midi: int, seconds: float, brightness: float) -> Sound:
    """A plucked string after Karplus and Strong (1983), tuned exactly by resampling."""
    pitch = frequency(midi)
    period = max(round(RATE / pitch), 8)
    ring = min(max(seconds, 0.4) + 0.8, 2.6)
    count = math.ceil(ring * RATE / period) + 2
    cycle = _excitation(period, midi, brightness)
    damping = 0.5 ** (1 / (pitch * (0.42 + 0.10 * (1 - brightness))))
    cycles = np.empty((count, period))
    for index in range(count):
        cycles[index] = cycle
        cycle = damping * (0.5 * cycle + 0.5 * np.roll(cycle, 1))
    string = cycles.ravel()
    places = np.arange(round(ring * RATE)) * (period + 0.5) * pitch / RATE
    sound = np.interp(places, np.arange(len(string)), string)
    return _edges(sound, 0.003, min(0.5, ring / 2)).astype(np.float32) * 0.55


def _excitation(period: int, midi: int, brightness: float) -> NDArray[np.float64]:
    """One cycle of soft noise: fewer highs when veiled, plucked a fifth from the bridge."""
    spectrum = np.fft.rfft(generator("string", midi).uniform(-1, 1, period))
    order = np.arange(len(spectrum))
    spectrum *= np.exp(-order / (4 + 14 * brightness)) * np.abs(np.sin(np.pi * order / 5.2))
    cycle = np.fft.irfft(spectrum, period)
    return np.asarray(cycle / max(np.abs(cycle).max(), 1e-9))


def marimba(midi: int, brightness: float) -> Sound:
    """Wooden bars: the tuned overtones at 4 and 10 times the pitch die away fast."""
    time = _times(1.3)
    pitch = frequency(midi)
    tone = np.sin(2 * np.pi * pitch * time) * np.exp(-time * (3.2 + pitch / 260))
    for ratio, level, speed in ((3.98, 0.20 + 0.2 * brightness, 15.0), (10.1, 0.05 * brightness, 40.0)):
        if pitch * ratio < 12_000:
            tone += level * np.sin(2 * np.pi * pitch * ratio * time) * np.exp(-time * speed)
    return _edges(tone, 0.003, 0.3).astype(np.float32) * 0.5


def bell(midi: int) -> Sound:
    """Glass: a clear tone with two quiet inharmonic partials, ringing long."""
    time = _times(3.4)
    pitch = frequency(midi + 12)
    tone = np.sin(2 * np.pi * pitch * time) * np.exp(-time * 1.5)
    tone += 0.22 * np.sin(2 * np.pi * pitch * 2.0 * time) * np.exp(-time * 3.0)
    tone += 0.07 * np.sin(2 * np.pi * pitch * 2.76 * time) * np.exp(-time * 6.0)
    return _edges(tone, 0.012, 0.9).astype(np.float32) * 0.26


def bass(midi: int, seconds: float) -> Sound:
    """A round low tone with just enough overtones for small speakers."""
    time = _times(seconds + 0.12)
    pitch = frequency(midi)
    tone = np.sin(2 * np.pi * pitch * time) + 0.34 * np.sin(4 * np.pi * pitch * time) * np.exp(-time * 1.6)
    tone += 0.12 * np.sin(6 * np.pi * pitch * time) * np.exp(-time * 4)
    return _edges(np.tanh(1.2 * tone * np.exp(-time * 0.55)), 0.012, 0.11).astype(np.float32) * 0.55


def kick() -> Sound:
    """A soft low thump."""
    time = _times(0.36)
    sweep = 47 * time + (62 / 26) * (1 - np.exp(-time * 26))
    return _edges(np.sin(2 * np.pi * sweep) * np.exp(-time * 11), 0.004, 0.12).astype(np.float32) * 0.75


def tom() -> Sound:
    """A deep drum, far away."""
    time = _times(1.0)
    sweep = 62 * time + (30 / 12) * (1 - np.exp(-time * 12))
    skin = _noise(len(time), 80, 420) * np.exp(-time * 30) * 0.4
    return _edges(np.sin(2 * np.pi * sweep) * np.exp(-time * 4.6) + skin, 0.004, 0.3).astype(np.float32) * 0.7


def shaker() -> Sound:
    """A breath of bright noise."""
    time = _times(0.11)
    shape = np.sin(np.pi * np.clip(time / 0.11, 0, 1)) ** 1.6 * np.exp(-time * 14)
    return _edges(_noise(len(time), 4_500, 11_500) * shape, 0.008, 0.03).astype(np.float32) * 0.34


def snap() -> Sound:
    """Fingers."""
    time = _times(0.2)
    click = _noise(len(time), 1_300, 3_600) * (np.exp(-time * 55) + 0.5 * np.exp(-np.abs(time - 0.012) * 160))
    return _edges(click, 0.002, 0.06).astype(np.float32) * 0.4


@cache
def _noise(count: int, low: int, high: int) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(generator("noise", low, high).standard_normal(count))
    pitches = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= np.exp(-((np.clip(low - pitches, 0, None) / (low * 0.3)) ** 2))
    spectrum *= np.exp(-((np.clip(pitches - high, 0, None) / (high * 0.25)) ** 2))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / np.abs(noise).max())


_HELD = {Instrument.PAD: pad, Instrument.KEYS: keys, Instrument.PLUCK: pluck}
_DRUMS = {Instrument.KICK: kick, Instrument.SHAKER: shaker, Instrument.SNAP: snap, Instrument.TOM: tom}


def play(instrument: Instrument, midi: int, seconds: float, brightness: float) -> Sound:
    """One note of ``instrument``; drums have one pitch, bells and marimba ring as long as they ring."""
    if instrument in _HELD:
        return _HELD[instrument](midi, seconds, brightness)
    if instrument in _DRUMS:
        return _DRUMS[instrument]()
    if instrument is Instrument.MARIMBA:
        return marimba(midi, brightness)
    return bell(midi) if instrument is Instrument.BELL else bass(midi, seconds)
