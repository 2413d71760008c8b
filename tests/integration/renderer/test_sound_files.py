"""The sound alone and its stems, as other decoders give them back."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from services.renderer.pipeline.audio import mix_audio
from services.renderer.pipeline.sound.files import read_sound, write_sound
from shared.contracts.timeline import ClipSound, Output

SAMPLE_RATE = 48_000
SECONDS = 6
SOUNDS = ("sound.m4a", "sound.mp3", "sound.wav", "sound.opus")


@pytest.fixture
def files(studio, tmp_path):
    """Everything that is made of one sound: two voices, music and the sound of a clip."""
    sounds = [
        ClipSound(audio=studio.tone(3, 700), start_sample=100_000, from_sample=7_000, samples=50_000, gain_db=-6.0)
    ]
    timeline = studio.timeline(
        [studio.clip(studio.scenery(1), SECONDS * 30)],
        [(studio.speech(2.5), 24_000), (studio.speech(1.5, 1, 0.05), 190_000)],
        studio.tone(4, 220),
        sounds=sounds,
        outputs=(Output.MP3, Output.WAV, Output.WEBM, Output.STEMS),
        loudness_lufs=-16.0,
    )
    folder = tmp_path / "out"
    folder.mkdir()
    mix_audio(timeline, studio.sounds, folder / "sound.m4a", lambda done, total: None)
    return {path.name: path for path in folder.iterdir()}


def by_ffmpeg(path) -> np.ndarray:
    """The samples that Debian's FFmpeg decodes, of shape (2, n)."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", "f32le", "-ar", "48000", "-ac", "2", "-"]
    decoded = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(decoded, "<f4").reshape(-1, 2).T


def test_every_form_has_the_chosen_loudness_the_true_peak_and_the_length(files, independent_loudness):
    stems = ("stem_voice.wav", "stem_music.wav", "stem_clips.wav")
    assert sorted(files) == sorted((*SOUNDS, *stems))
    for name in SOUNDS:
        samples = by_ffmpeg(files[name])
        lufs, true_peak = independent_loudness([samples])
        assert lufs == pytest.approx(-16, abs=0.3), name
        assert true_peak <= -1, name
        # A decoder that does not cut an MP4 file at its edit list's end goes on to the end of the last AAC frame.
        length = samples.shape[1] if name != "sound.m4a" else min(samples.shape[1], SECONDS * SAMPLE_RATE)
        assert length == SECONDS * SAMPLE_RATE, name


def test_stems_add_up_to_the_sound_and_hold_one_part_each(files):
    sound = by_ffmpeg(files["sound.wav"])
    voice, music, clips = (by_ffmpeg(files[f"stem_{part}.wav"]) for part in ("voice", "music", "clips"))
    assert np.abs(voice + music + clips - sound).max() <= 4 / 2**23
    assert not clips[:, :100_000].any()
    assert not clips[:, 150_000:].any()
    assert np.abs(clips[:, 110_000:140_000]).max() > 0.01
    assert not voice[:, :24_000].any()
    assert np.abs(music[:, :24_000]).max() > 0.01


@pytest.mark.parametrize("form", ["m4a", "mp3", "opus", "wav"])
@pytest.mark.parametrize("samples", [801, 1_024, 480_001])
def test_a_file_plays_exactly_what_was_written_and_the_same_bytes_each_time(tmp_path, form, samples):
    tone = np.sin(2 * np.pi * 440 * np.arange(samples) / SAMPLE_RATE).astype(np.float32) * 0.3
    written = []
    for number in range(2):
        path = tmp_path / f"{number}.{form}"
        write_sound(path, iter([np.stack([tone, tone])]))
        written.append(path.read_bytes())
    heard = np.concatenate(list(read_sound(path)), axis=1)
    assert heard.shape == (2, samples)
    assert np.abs(heard - tone)[:, 400:-400].max() < 0.06
    assert written[0] == written[1]
