"""Gains over time: ducking and limiting, on numbers alone."""

from __future__ import annotations

import numpy as np
import pytest

from services.renderer.pipeline.sound.curve import HopCurve
from services.renderer.pipeline.sound.ducking import Ducking, speech_in
from services.renderer.pipeline.sound.limiter import Limiter
from services.renderer.pipeline.sound.loudness import HOP_SAMPLES, integrated_lufs
from services.renderer.pipeline.sound.master import Aim
from services.renderer.pipeline.sound.meter import Analyser, Analysis, Loudness
from services.renderer.pipeline.sound.peaks import EDGE_SAMPLES, hop_peaks

RATE = 48_000


def sine(hertz: float, samples: int, amplitude: float = 1.0, phase: float = 0.0) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE + phase)).astype(np.float32)


def stereo(samples: np.ndarray) -> np.ndarray:
    return np.stack([samples, samples])


def test_speech_is_found_where_it_is_loud_enough():
    voice = np.concatenate([np.zeros(4_800), sine(200, 9_600, 0.1), sine(200, 4_800, 0.001)]).astype(np.float32)
    assert [bool(heard) for heard in speech_in(stereo(voice))] == [False] * 10 + [True] * 20 + [False] * 10


def test_a_last_incomplete_hop_counts():
    assert len(speech_in(stereo(sine(200, 500)))) == 2


def test_music_is_down_before_speech_stays_down_in_pauses_and_returns_smoothly():
    speech = np.zeros(600, bool)
    speech[200:250] = speech[280:300] = True
    gain = Ducking(speech, -9.0).gain(0, 600 * 480)
    decibels = 20 * np.log10(gain)
    assert decibels[0] == pytest.approx(0)
    assert decibels[200 * 480 : 300 * 480].max() < -8.9
    assert decibels[-1] == pytest.approx(0, abs=0.01)
    assert np.abs(np.diff(decibels)).max() < 9 / (0.1 * RATE)


def test_a_gain_asked_for_in_parts_is_the_same_as_at_once():
    speech = np.arange(100) % 30 < 10
    ducking = Ducking(speech, -9.0)
    assert np.array_equal(ducking.gain(0, 48_000)[1_000:2_000], ducking.gain(1_000, 2_000))
    limiter = Limiter(np.linspace(0, 2, 1_500, dtype=np.float32), 1.0, 0.8)
    assert np.allclose(limiter.gain(0, 48_000)[31_000:31_777], limiter.gain(31_000, 31_777), atol=1e-6)


def test_peaks_between_samples_are_found():
    """A quarter-rate sine sampled off its crests has a true peak 3 dB above its samples."""
    samples = stereo(np.pad(sine(RATE / 4, 6_400, 1.0, np.pi / 4), EDGE_SAMPLES))
    assert np.abs(samples).max() == pytest.approx(0.7071, abs=1e-3)
    assert hop_peaks(samples)[10:-10].max() == pytest.approx(1.0, abs=0.03)


def analysed(samples: np.ndarray, block: int = RATE) -> Analysis:
    analyser = Analyser(samples.shape[1])
    for start in range(0, samples.shape[1], block):
        analyser.add(samples[:, start : start + block])
    return analyser.finish()


@pytest.mark.parametrize("seconds", [0.05, 0.39, 1.0, 7.33])
def test_what_is_found_agrees_with_another_meter(seconds, independent_loudness):
    random = np.random.default_rng(1)
    noise = np.convolve(random.standard_normal(round(seconds * RATE)), np.hanning(5), "same") * 0.1
    swell = np.interp(np.arange(len(noise)), np.linspace(0, len(noise), 9), random.random(9) ** 2)
    samples = stereo((noise * swell).astype(np.float32)) * np.array([[1.0], [0.3]], np.float32)
    found, (lufs, peak) = analysed(samples).loudness(), independent_loudness([samples])
    assert found.integrated_lufs == pytest.approx(lufs, abs=0.05)
    assert found.true_peak_dbtp == pytest.approx(peak, abs=0.2)


def test_a_sound_is_analysed_the_same_in_blocks_of_any_whole_hops():
    samples = stereo(sine(200, 100_001, 0.4))
    once, parts = analysed(samples, 100_001), analysed(samples, 37 * HOP_SAMPLES)
    assert once.samples == parts.samples == 100_001
    assert len(once.peaks) == len(once.energies) == -(-100_001 // HOP_SAMPLES)
    assert np.allclose(once.peaks, parts.peaks, atol=1e-6)
    assert np.allclose(once.energies, parts.energies, rtol=1e-4, atol=1e-9)


def test_a_sound_longer_than_expected_is_analysed_to_its_end():
    samples = stereo(sine(200, 100_001, 0.4))
    short = Analyser(5_000)
    for start in range(0, 100_001, 32_000):
        short.add(samples[:, start : start + 32_000])
    found, whole = short.finish(), analysed(samples, 32_000)
    assert found.samples == 100_001
    assert np.array_equal(found.peaks, whole.peaks)
    assert np.array_equal(found.energies, whole.energies)


def test_the_loudness_under_a_limiter_is_known_without_measuring_again(independent_loudness):
    random = np.random.default_rng(2)
    samples = stereo((random.standard_normal(5 * RATE) * random.random(5 * RATE) ** 6 * 0.3).astype(np.float32))
    found = analysed(samples)
    limiter = Limiter(found.peaks, 4.0, 0.5)
    lufs, _ = independent_loudness([samples * limiter.gain(0, 5 * RATE)])
    assert limiter.is_active
    assert integrated_lufs(found.energies, limiter.gains) == pytest.approx(lufs, abs=0.1)


def test_a_curve_goes_through_its_values_and_stays_beyond_them():
    curve = HopCurve(np.array([1.0, 3.0, 2.0]), 4)
    assert curve.read(-3, 14).tolist() == [1, 1, 1, 1, 1, 1, 1.5, 2, 2.5, 3, 2.75, 2.5, 2.25, 2, 2, 2, 2]
    assert curve.read(5, 9).tolist() == curve.read(-3, 14)[8:12].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_nothing_passes_the_ceiling(seed):
    random = np.random.default_rng(seed)
    samples = stereo((random.standard_normal(96_000) * random.random(96_000) ** 8).astype(np.float32))
    padded = np.pad(samples, ((0, 0), (EDGE_SAMPLES, EDGE_SAMPLES)))
    limiter = Limiter(hop_peaks(padded), 2.0, 0.7)
    limited = samples * limiter.gain(0, 96_000)
    assert limiter.is_active
    assert np.abs(limited).max() <= 0.7 + 1e-6


def test_a_quiet_sound_gets_its_gain_and_nothing_else():
    limiter = Limiter(np.full(100, 0.1, np.float32), 2.0, 0.8)
    assert not limiter.is_active
    assert np.allclose(limiter.gain(0, 100 * HOP_SAMPLES), 2.0)


def test_after_a_lone_click_the_level_is_back_at_once_but_ordinary_limiting_recovers_slowly():
    peaks = np.full(3_000, 0.1, np.float32)
    peaks[1_000] = 10.0
    click = Limiter(peaks, 1.0, 0.8).gain(0, 3_000 * HOP_SAMPLES)
    assert click[1_060 * HOP_SAMPLES] > 0.9
    peaks[1_000] = 1.6
    usual = 20 * np.log10(Limiter(peaks, 1.0, 0.8).gain(0, 3_000 * HOP_SAMPLES))
    assert usual[1_000 * HOP_SAMPLES + HOP_SAMPLES // 2] == pytest.approx(-6, abs=0.1)
    assert usual[1_016 * HOP_SAMPLES] == pytest.approx(-4, abs=0.3)


@pytest.mark.parametrize(("amplitude", "lufs"), [(1.0, 0.0), (0.1, -20.0)])
def test_the_meter_reads_a_reference_tone_as_bs_1770_says(amplitude, lufs):
    """997 Hz in both channels: -3.01 LUFS for one channel at full scale, 3 LU more for two."""
    found = analysed(stereo(sine(997, 3 * RATE, amplitude)))
    assert found.loudness().integrated_lufs == pytest.approx(lufs, abs=0.05)


def test_silence_has_no_loudness_and_no_peak():
    nothing = Loudness(integrated_lufs=None, true_peak_dbtp=None)
    assert analysed(np.zeros((2, RATE), np.float32)).loudness() == nothing
    assert Analyser(0).finish().loudness() == nothing


def test_a_good_result_needs_no_other_try():
    assert Aim.at(-14).corrected(Loudness(integrated_lufs=-14.2, true_peak_dbtp=-1.0)) is None
    assert Aim.at(-14).corrected(Loudness(integrated_lufs=None, true_peak_dbtp=None)) is None


def test_what_the_encoder_changed_is_made_up_for():
    better = Aim.at(-14).corrected(Loudness(integrated_lufs=-14.5, true_peak_dbtp=-0.4))
    assert better.loudness_lufs == pytest.approx(-13.5)
    assert better.true_peak_dbtp == pytest.approx(-2.7)
