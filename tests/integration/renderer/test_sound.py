"""The finished sound of a timeline, as a listener's decoder gives it back."""

from __future__ import annotations

import itertools

import av
import numpy as np
import pytest

from services.renderer.pipeline.audio import mix_audio
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.sound.files import read_sound
from services.renderer.pipeline.sound.mix import Mix, Part
from services.renderer.pipeline.sound.source import opened_sounds

SAMPLE_RATE = 48_000


def silent(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def mixed(studio, tmp_path):
    """Mixes the sound of a video of so many seconds."""

    def mix(seconds: float, voices=(), music=None, **fields):
        clip = studio.clip(studio.scenery(1), round(seconds * 30))
        timeline = studio.timeline([clip], voices, music, **fields)
        report = mix_audio(timeline, studio.sounds, tmp_path / "sound.m4a", silent)
        return report, np.concatenate(list(read_sound(tmp_path / "sound.m4a")), axis=1)

    return mix


def test_speech_with_music_reaches_minus_14_lufs_below_minus_1_dbtp(studio, mixed):
    report, samples = mixed(
        6, [(studio.speech(2.5), 24_000), (studio.speech(1.5, 1, 0.05), 190_000)], studio.tone(4, 220)
    )
    assert report.loudness_lufs == pytest.approx(-14, abs=0.3)
    assert report.true_peak_dbtp <= -1
    assert samples.shape == (2, 6 * SAMPLE_RATE)


@pytest.mark.parametrize(
    ("target", "voiced"), [(-31, False), (-23, True), (-16, True), (-16, False), (-9, True), (-9, False)]
)
def test_a_chosen_loudness_is_reached_as_another_meter_hears_it(
    studio, mixed, independent_loudness, target, voiced
):
    voices = [(studio.speech(2.5, 3), 24_000), (studio.speech(1.5, 1, 0.05), 190_000)] if voiced else []
    report, samples = mixed(6, voices, studio.speech(4, 2), loudness_lufs=target)
    lufs, true_peak = independent_loudness([samples])
    assert lufs == pytest.approx(target, abs=0.3)
    assert true_peak <= -1
    assert report.loudness_lufs == pytest.approx(lufs, abs=0.05)
    assert report.true_peak_dbtp == pytest.approx(true_peak, abs=0.2)


def test_music_alone_reaches_the_same_loudness(studio, mixed):
    report, _ = mixed(6, music=studio.speech(3))
    assert report.loudness_lufs == pytest.approx(-14, abs=0.3)
    assert report.true_peak_dbtp <= -1


def test_peaky_sound_is_limited_and_still_loud(studio, mixed):
    """Single full-scale clicks over a quiet voice leave no room for plain gain."""
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    clicks = 0.04 * np.sin(2 * np.pi * 300 * time)
    clicks[:: SAMPLE_RATE // 4] = 0.99
    report, _ = mixed(4, [(studio.sound(clicks), 0)])
    assert report.loudness_lufs == pytest.approx(-14, abs=0.3)
    assert report.true_peak_dbtp <= -1


def test_a_timeline_without_sound_gives_silence_of_full_length(studio, mixed):
    report, samples = mixed(2)
    assert (report.loudness_lufs, report.true_peak_dbtp) == (None, None)
    assert samples.shape == (2, 2 * SAMPLE_RATE)
    assert not samples.any()


def test_silent_recordings_stay_silent(studio, mixed):
    report, samples = mixed(2, [(studio.sound(np.zeros(SAMPLE_RATE)), 0)], studio.sound(np.zeros(9_600)))
    assert report.loudness_lufs is None
    assert np.abs(samples).max() < 1e-3


def test_a_voice_shorter_than_a_loudness_block_is_heard(studio, mixed):
    report, samples = mixed(1, [(studio.tone(0.1), 12_000)])
    assert np.abs(samples).max() > 0.1
    assert report.true_peak_dbtp <= -1


def test_a_voice_starts_at_its_sample(studio, mixed):
    """The middle of a short burst is where it was put, after mixing, mastering, AAC and its lead-in."""
    burst = np.hanning(480) * np.sin(2 * np.pi * 1_000 * np.arange(480) / SAMPLE_RATE)
    start = 31_234
    _, samples = mixed(2, [(studio.sound(burst), start)])
    energy = np.convolve(samples[0] ** 2, np.hanning(480), mode="same")
    assert abs(int(energy.argmax()) - (start + 240)) <= 24


def test_a_voice_past_the_end_is_cut_at_the_last_frame(studio, mixed):
    _, samples = mixed(1, [(studio.tone(2), 24_000)])
    assert samples.shape == (2, SAMPLE_RATE)


def tone_level(samples: np.ndarray, hertz: float) -> float:
    """Amplitude of one frequency, taken from one second."""
    spectrum = np.fft.rfft(samples[0] * np.hanning(samples.shape[1]))
    return float(np.abs(spectrum[round(hertz)]))


def test_music_steps_back_under_speech_and_returns(studio):
    """Measured on the unmastered mix: the music's own tone while a silent-band voice speaks and after it."""
    voice, music = studio.tone(2, 3_000), studio.tone(8, 200)
    timeline = studio.timeline([studio.clip(studio.scenery(1), 240)], [(voice, 3 * SAMPLE_RATE)], music)
    references = {audio.asset.sha256: audio for audio in (voice, music)}
    with opened_sounds(references, studio.sounds) as sounds:
        mix = Mix(timeline, sounds, lambda: None)
        before, during = (tone_level(mix.read(s * SAMPLE_RATE, (s + 1) * SAMPLE_RATE), 200) for s in (1, 4))
        steps = np.abs(np.diff(mix.read(0, 8 * SAMPLE_RATE)[0]))
    assert 20 * np.log10(during / before) == pytest.approx(timeline.music.duck_db, abs=0.3)
    assert steps.max() < 0.2


def test_looped_music_has_no_gap_and_no_click(studio):
    """It starts and ends at full swing, where a hard cut would be a step."""
    music = studio.sound(0.2 * np.cos(2 * np.pi * 220 * np.arange(62_400) / SAMPLE_RATE))
    timeline = studio.timeline([studio.clip(studio.scenery(1), 300)], music=music)
    with opened_sounds({music.asset.sha256: music}, studio.sounds) as sounds:
        mix = Mix(timeline, sounds, lambda: None)
        samples = mix.read(1, 7 * SAMPLE_RATE + 1)[0]
    steady = 2 * np.pi * 220 / SAMPLE_RATE * np.abs(samples).max()
    assert np.abs(np.diff(samples)).max() <= steady * 1.05
    levels = np.abs(samples.reshape(-1, 4_800)).max(axis=1)
    assert levels.min() > levels.max() * 0.1


def test_music_fades_out_at_the_end(studio, mixed):
    _, samples = mixed(6, music=studio.tone(10))
    levels = np.abs(samples[0].reshape(-1, SAMPLE_RATE // 20)).max(axis=1)
    assert levels[-1] < levels[0] * 0.02
    assert all(np.diff(levels[-20:]) < 0)


def test_reading_in_blocks_or_at_once_is_the_same(studio):
    voice, music = studio.speech(1.5), studio.tone(1.1)
    timeline = studio.timeline([studio.clip(studio.scenery(1), 120)], [(voice, 30_001)], music)
    references = {audio.asset.sha256: audio for audio in (voice, music)}
    with opened_sounds(references, studio.sounds) as sounds:
        mix = Mix(timeline, sounds, lambda: None)
        whole = mix.read(0, 4 * SAMPLE_RATE)
        parts = [
            mix.read(start, min(start + 7_777, 4 * SAMPLE_RATE)) for start in range(0, 4 * SAMPLE_RATE, 7_777)
        ]
    assert np.abs(np.concatenate(parts, axis=1) - whole).max() < 1e-6


def test_the_track_is_aac_lc_48_khz_stereo_near_192_kbit(studio, mixed, tmp_path):
    mixed(4, [(studio.speech(4, amplitude=0.3), 0)])
    with av.open(str(tmp_path / "sound.m4a")) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.profile, stream.rate, stream.layout.name) == (
            "aac",
            "LC",
            48_000,
            "stereo",
        )
        assert stream.duration * stream.time_base == 4
        assert 100_000 < container.bit_rate < 230_000


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"no sound at all"])
def test_a_file_that_is_no_sound_is_refused_by_name(studio, mixed, damage):
    voice = studio.tone(1)
    studio.sounds[voice.asset.sha256].write_bytes(damage)
    with pytest.raises(BadAssetError, match=voice.asset.sha256):
        mixed(1, [(voice, 0)])


def test_a_sound_that_was_cut_off_is_refused_by_name(studio, mixed):
    voice = studio.tone(1)
    path = studio.sounds[voice.asset.sha256]
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(BadAssetError, match=voice.asset.sha256):
        mixed(1, [(voice, 0)])


def test_a_sound_of_another_length_than_stated_is_refused_by_name(studio, mixed):
    voice = studio.tone(1).model_copy(update={"samples": 47_999})
    with pytest.raises(BadAssetError, match="is not 47999 samples"):
        mixed(1, [(voice, 0)])


@pytest.mark.parametrize("slides", [1, 6, 100])
@pytest.mark.parametrize("music_seconds", [None, 0.9, 60])
def test_each_voice_lies_at_its_sample_and_the_music_lasts_to_the_end(studio, slides, music_seconds):
    """Voices of 50 ms, one each third of a second; music that is missing, repeated often, or cut."""
    step, burst = SAMPLE_RATE // 3, studio.tone(0.05, 1_000)
    music = None if music_seconds is None else studio.tone(music_seconds, 220)
    clips = [studio.clip(studio.scenery(1), 10) for _ in range(slides)]
    timeline = studio.timeline(clips, [(burst, n * step + 1_234) for n in range(slides)], music)
    references = {audio.asset.sha256: audio for audio in (burst, music) if audio}
    with opened_sounds(references, studio.sounds) as sounds:
        mix = Mix(timeline, sounds, lambda: None)
        voice, bed, whole = (
            read(0, mix.samples) for read in (part_of(mix, "voice"), part_of(mix, "music"), mix.read)
        )
    assert len(voice[0]) == slides * step
    assert set(np.unique(voice[0, :1_235])) == {0}
    spoken = np.abs(voice[0]).reshape(slides, step)
    assert (spoken[:, 1_240 : 1_234 + 2_390].max(axis=1) > 0.05).all()
    assert not spoken[:, 1_234 + 2_400 :].any()
    levels = np.abs(bed[0]).reshape(-1, step // 4).max(axis=1)
    assert (levels[: len(levels) * 3 // 4 - 1].min() > 0.005) if music else not bed.any()
    assert np.abs(voice + bed - whole).max() < 1e-6


def part_of(mix: Mix, name: str):
    return lambda start, end: mix.read_part(Part(name), start, end)


@pytest.mark.parametrize(
    ("slides", "heard"),
    [
        *itertools.product((1, 6), ("voices", "music", "both", "nothing")),
        *itertools.product((100,), ("both", "nothing")),
    ],
)
def test_a_video_of_any_length_has_its_loudness_or_is_silent(studio, mixed, independent_loudness, slides, heard):
    voice, music = studio.speech(0.3, 4), studio.speech(2, 5)
    voices = [(voice, n * 16_000) for n in range(slides)] if heard in ("voices", "both") else []
    report, samples = mixed(slides / 3, voices, music if heard in ("music", "both") else None, loudness_lufs=-16)
    assert samples.shape == (2, slides * 16_000)
    if heard == "nothing":
        assert not samples.any()
        assert report.loudness_lufs is None
    else:
        lufs, true_peak = independent_loudness([samples])
        assert lufs == pytest.approx(-16, abs=0.3)
        assert true_peak <= -1
