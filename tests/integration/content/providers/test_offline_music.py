"""The built-in composer: exact lengths, an even level, no clicks, equal bytes in every process."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from services.content.providers.offline.composing.compose import work
from services.content.providers.offline.composing.mix import loudness
from services.content.providers.offline.composing.moods import MOODS
from services.content.providers.offline.music import OfflineMusic
from services.content.providers.port import MusicRequest


def compose(mood: str, seconds: float, folder: Path, take: int = 1) -> Path:
    made = OfflineMusic().compose(MusicRequest(mood=mood, duration_s=seconds, take=take), folder / "music.wav")
    assert made.media_type == "audio/wav"
    return made.path


def compose_here(mood: str, seconds: float, folder: Path, take: int = 1) -> Path:
    """The same without a child process, where only the music matters."""
    target = folder / "music.wav"
    work({"mood": mood, "duration_s": seconds, "take": take, "target": str(target)})
    return target


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (2, 2, 48_000)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2) / 32768


@pytest.mark.parametrize("seconds", [0.25, 1.0, 8.99, 9.0, 20.013, 33.3333])
def test_the_length_is_exact_to_the_sample(seconds: float, tmp_path: Path) -> None:
    assert len(samples_of(compose_here("playful", seconds, tmp_path))) == round(seconds * 48_000)


@pytest.mark.parametrize("mood", MOODS)
def test_every_mood_is_even_and_clean(mood: str, tmp_path: Path) -> None:
    sound = samples_of(compose_here(mood, 16.0, tmp_path))

    assert -20 < loudness(sound.T.astype(np.float32)) < -16
    assert np.abs(sound).max() < 0.85
    assert np.abs(sound.mean(axis=0)).max() < 0.002
    assert np.abs(np.diff(sound, axis=0)).max() < 0.35


def test_it_starts_and_ends_in_silence(tmp_path: Path) -> None:
    sound = samples_of(compose_here("uplifting", 20.0, tmp_path))

    assert sound[0].tolist() == sound[-1].tolist() == [0.0, 0.0]
    assert np.abs(sound[-480:]).max() < 0.001
    assert np.abs(sound[-3 * 48_000 :]).max() > 0.02


def test_left_and_right_are_not_the_same(tmp_path: Path) -> None:
    sound = samples_of(compose_here("calm", 12.0, tmp_path))

    assert 0.0 < np.corrcoef(sound.T)[0, 1] < 0.9


def test_the_same_request_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    assert compose("calm", 10.0, tmp_path).read_bytes() == compose("calm", 10.0, tmp_path).read_bytes()


def test_another_take_is_another_piece(tmp_path: Path) -> None:
    first, second = (samples_of(compose_here("calm", 12.0, tmp_path, take)) for take in (1, 2))

    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.5


def test_loudness_agrees_with_the_reference_tone() -> None:
    """ITU-R BS.1770: a 997 Hz sine at full scale in one channel measures -3.01 LUFS."""
    time = np.arange(48_000 * 4) / 48_000
    tone = np.stack([np.sin(2 * np.pi * 997 * time), np.zeros(len(time))]).astype(np.float32)

    assert loudness(tone) == pytest.approx(-3.01, abs=0.15)
