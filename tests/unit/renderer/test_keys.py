"""Keys of segments and sound tracks change with what decides them, and with nothing else."""

from __future__ import annotations

import pytest

from services.renderer.domain import SOUND, sound_files
from services.renderer.keys import audio_key, segment_key
from shared.contracts.timeline import ClipSound, MusicBed, Output


def test_a_segment_key_depends_on_engine_and_spec():
    keys = {segment_key("engine", b"spec"), segment_key("engine 2", b"spec"), segment_key("engine", b"spec 2")}
    assert len(keys) == 3
    assert segment_key("engine", b"spec") == segment_key("engine", b"spec")


def test_a_key_is_a_sha256_in_hex():
    assert len(bytes.fromhex(segment_key("engine", b"spec"))) == 32


def test_what_is_only_seen_does_not_change_the_sound(timeline):
    seen = timeline(title="Other", chapters=(), pictures=timeline().pictures[::-1], language="de")
    assert audio_key("engine", seen) == audio_key("engine", timeline())


def test_where_a_sound_is_stored_does_not_change_it(timeline):
    voice = timeline().voices[0]
    moved = voice.audio.asset.model_copy(update={"key": "accounts/test/elsewhere"})
    voices = [voice.model_copy(update={"slide_id": "x", "audio": voice.audio.model_copy(update={"asset": moved})})]
    assert audio_key("engine", timeline(voices=voices)) == audio_key(
        "engine", timeline(voices=timeline().voices[:1])
    )


@pytest.mark.parametrize(
    "change",
    [
        {"music": None},
        {"voices": ()},
        {"loudness_lufs": -16.0},
    ],
)
def test_what_is_heard_changes_the_key(timeline, change):
    assert audio_key("engine", timeline(**change)) != audio_key("engine", timeline())


def test_place_level_and_length_change_the_key(timeline):
    base = timeline()
    later = [v.model_copy(update={"start_sample": v.start_sample + 1}) for v in base.voices]
    louder = MusicBed(audio=base.music.audio, gain_db=-13)
    longer = [*base.pictures[:2], base.pictures[2].model_copy(update={"frames": 91})]
    keys = {
        audio_key("engine", t)
        for t in (base, timeline(voices=later), timeline(music=louder), timeline(pictures=longer))
    }
    assert len({*keys, audio_key("engine 2", base)}) == 5


@pytest.mark.parametrize("change", [{"start_sample": 1}, {"from_sample": 1}, {"samples": 11}, {"gain_db": -1.0}])
def test_what_is_heard_of_a_clip_changes_the_key(timeline, change):
    clip = ClipSound(audio=timeline().voices[0].audio, start_sample=0, samples=10)
    keys = {
        audio_key("engine", timeline(sounds=sounds)) for sounds in ((), (clip,), (clip.model_copy(update=change),))
    }
    assert len(keys) == 3


def test_each_file_of_a_mix_has_a_key_of_its_own(timeline):
    made = timeline(outputs=tuple(Output))
    names = (SOUND, *sound_files(made))
    assert names == ("sound.m4a", "sound.opus", "sound.mp3", "sound.wav", "stem_voice.wav", "stem_music.wav")
    assert len({audio_key("engine", made, name) for name in names}) == len(names)


def test_what_is_asked_for_beside_it_does_not_change_the_sound(timeline):
    assert audio_key("engine", timeline(outputs=tuple(Output))) == audio_key("engine", timeline())
    assert sound_files(timeline()) == ()


def test_there_is_a_stem_only_of_what_is_heard(timeline):
    voice = timeline().voices[0].audio
    clip = ClipSound(audio=voice, start_sample=0, samples=10)
    assert sound_files(timeline(outputs=(Output.STEMS,), music=None)) == ("stem_voice.wav",)
    assert sound_files(timeline(outputs=(Output.STEMS,), voices=(), sounds=(clip,))) == (
        "stem_music.wav",
        "stem_clips.wav",
    )
