"""Sounds through the real child: 48 kHz stereo, to the sample as long as the source, at its own level."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from shared.errors import BadMediaError
from shared.media.limits import MediaLimits
from shared.media.results import MediaKind, NormalisedAudio
from shared.media.sandbox import MediaSandbox

Given = Callable[[str, bytes], Path]


def heard(path: Path, result: NormalisedAudio) -> np.ndarray:
    """The samples of a normalised file, read as the renderer may: mapped after 44 bytes."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 2, 2)
        assert file.getnframes() == result.samples
    assert path.stat().st_size == result.size_bytes == 44 + 4 * result.samples
    return np.fromfile(path, "<i2", offset=44).reshape(-1, 2).astype(float) / 32768


@pytest.mark.parametrize(
    ("rate", "channels"),
    [(8_000, 1), (11_025, 1), (22_050, 2), (44_100, 2), (48_000, 1), (48_000, 2), (96_000, 1), (192_000, 2)],
)
def test_any_sample_rate_becomes_48_khz_stereo_of_the_same_length_and_level(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, rate: int, channels: int
) -> None:
    source = media_files.tone(Fraction(1, 3), rate, channels)
    path = given("voice.wav", media_files.wav(source, rate))
    result = sandbox.normalise_audio(path, tmp_path / "out.wav")
    assert (result.source_rate, result.source_channels) == (rate, channels)
    assert result.samples == round(Fraction(len(source) * 48_000, rate))
    sound = heard(tmp_path / "out.wav", result)
    expected = media_files.tone(Fraction(1, 3))[: len(sound)]
    middle = slice(1_000, -1_000)  # the resampler fades its first and last taps
    error = sound[: len(expected)][middle] - expected[middle]
    assert 20 * np.log10(np.abs(error).max()) < -50


@pytest.mark.parametrize(("rate", "samples"), [(96_000, 15_729), (48_001, 47_398)])
def test_a_length_that_does_not_divide_is_rounded_and_no_sample_more(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, rate: int, samples: int
) -> None:
    """The resampler alone gives one sample too many here."""
    path = given("odd.wav", media_files.wav(media_files.tone(1, rate)[:samples], rate))
    result = sandbox.normalise_audio(path, tmp_path / "out.wav")
    assert result.samples == len(heard(tmp_path / "out.wav", result)) == round(Fraction(samples * 48_000, rate))


def test_five_channels_and_bass_are_mixed_down_without_clipping(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("film.wav", media_files.wav(media_files.tone(0.3, channels=6, level=0.9)))
    result = sandbox.normalise_audio(path, tmp_path / "out.wav")
    sound = heard(tmp_path / "out.wav", result)
    assert result.source_channels == 6
    assert 0.3 < np.abs(sound).max() < 0.95


@pytest.mark.parametrize(
    ("container", "codec"),
    [("flac", "flac"), ("mp3", "libmp3lame"), ("ipod", "aac"), ("ogg", "libopus"), ("ipod", "alac")],
)
def test_a_compressed_sound_starts_at_its_first_sample(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, container: str, codec: str
) -> None:
    """Encoder priming (up to 50 ms) is cut: a voice laid by sample would else be late."""
    layout = "stereo"
    path = given("sound", media_files.compressed_sound(container, codec, seconds=1, layout=layout))
    result = sandbox.normalise_audio(path, tmp_path / "out.wav")
    sound = heard(tmp_path / "out.wav", result)[:, 0]
    assert abs(result.samples - 48_000) <= 1_024  # AAC pads its last packet
    middle = slice(20_000, 30_000)
    lags = range(-60, 61)  # 440 Hz repeats after 109 samples
    reference = media_files.tone(1)[:, 0]
    fits = [float(np.dot(sound[middle], reference[20_000 - lag : 30_000 - lag])) for lag in lags]
    assert abs(lags[int(np.argmax(fits))]) <= 1
    assert np.abs(sound[:2_000]).max() > 0.4


def test_equal_bytes_in_give_equal_sound_out(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("a.mp3", media_files.compressed_sound("mp3", "libmp3lame", rate=44_100))
    for number in (1, 2):
        sandbox.normalise_audio(path, tmp_path / f"{number}.wav")
    assert (tmp_path / "1.wav").read_bytes() == (tmp_path / "2.wav").read_bytes()


def test_the_sound_of_a_video_can_be_taken(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    path = given("clip.mp4", media_files.video())
    assert abs(sandbox.normalise_audio(path, tmp_path / "out.wav").samples - 48_000) <= 1_024


@pytest.mark.parametrize("samples", [0, 1, 480])
def test_an_empty_recording_is_refused(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, samples: int
) -> None:
    path = given("nothing.wav", media_files.wav(media_files.tone()[:samples]))
    with pytest.raises(BadMediaError, match=r"nothing\.wav: .*record it again"):
        sandbox.normalise_audio(path, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_a_recording_that_breaks_off_is_refused(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path
) -> None:
    for name, whole in (
        ("half.wav", media_files.wav(media_files.tone(2))),
        ("half.flac", media_files.compressed_sound("flac", "flac", seconds=2)),
    ):
        path = given(name, whole[: len(whole) // 2])
        with pytest.raises(BadMediaError, match=rf"{name}: is cut off"):
            sandbox.normalise_audio(path, tmp_path / "out.wav")


@pytest.mark.parametrize("stated", [0, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_with_an_unknown_length_is_taken_whole(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, tmp_path: Path, stated: int
) -> None:
    """Speech services stream WAV with a placeholder where the length belongs."""
    data = media_files.wav(media_files.tone(1))[44:]
    path = given("streamed.wav", media_files.wav_header(stated) + data)
    assert sandbox.normalise_audio(path, tmp_path / "out.wav").samples == 48_000


def test_a_sound_longer_than_allowed_is_refused(media_files: ModuleType, given: Given, tmp_path: Path) -> None:
    path = given("long.wav", media_files.wav(media_files.tone(2)))
    with pytest.raises(BadMediaError, match=r"long\.wav: is longer than the 1 s allowed"):
        MediaSandbox(MediaLimits(audio_seconds=1)).normalise_audio(path, tmp_path / "out.wav")


@pytest.mark.parametrize(
    ("name", "media_type", "seconds"),
    [("sound.flac", "audio/flac", 0.2), ("sound.m4a", "audio/mp4", 0.2), ("sound.mp3", "audio/mpeg", 0.2)],
)
def test_probing_a_sound_tells_rate_channels_and_length(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, name: str, media_type: str, seconds: float
) -> None:
    probe = sandbox.probe(given(name, media_files.SMALL_FILES[name]()))
    assert (probe.kind, probe.sample_rate, probe.channels) == (MediaKind.AUDIO, 48_000, 2)
    assert probe.media_type == media_type
    assert probe.duration == pytest.approx(Fraction(seconds), abs=0.06)
