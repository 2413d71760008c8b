"""The words for sound in ``project.yaml``: what is written can be read, what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference
from shared.contracts.revisions import MusicMode, SlideLook
from shared.errors import InvalidInputError
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file
from studiomatic.project_media import kept_media

SONG = AudioReference(
    asset=AssetReference(key="accounts/a/assets/s", sha256="5" * 64, size_bytes=1, media_type="audio/wav"),
    samples=100,
)
SPOKEN = (SlideDraft(narration="x", look=SlideLook(pause_ms=1500)), SlideDraft(narration="y"))


class Desk:
    """Takes in one song, and nothing else."""

    def add_image(self, path: Path) -> None:
        raise AssertionError(f"{path} was opened")

    def add_audio(self, path: Path) -> AudioReference:
        assert path.name == "song.mp3"
        return SONG


def read(text: str, folder: Path = Path()) -> ProjectDraft:
    return to_draft(parse_project_file(f"{text}\nslides: [{{narration: x}}]", "p.yaml"), folder, desk=Desk())


@pytest.mark.parametrize(
    ("music", "loudness"),
    [
        (MusicDraft(mood="dark", take=2, level_db=-9.5, duck_db=-3), -16.0),
        (MusicDraft(duck_db=0), -14.0),
        (MusicDraft(mode=MusicMode.GIVEN, audio=SONG), -23.0),
        (MusicDraft(mode=MusicMode.GIVEN, audio=SONG, level_db=0), -14.0),
        (MusicDraft(mode=MusicMode.NONE), -9.0),
    ],
)
def test_what_a_draft_says_of_sound_survives_being_written_and_read(music: MusicDraft, loudness: float) -> None:
    draft = ProjectDraft(title="T", slides=SPOKEN, music=music, loudness_lufs=loudness)
    text = from_draft(draft, project_id="p", media=kept_media(draft))
    assert to_draft(parse_project_file(text, "x"), Path(), desk=Desk(), earlier=draft) == draft


def test_only_what_differs_is_written() -> None:
    text = from_draft(ProjectDraft(title="T", slides=SPOKEN[1:]), project_id="p")
    assert not any(word in text for word in ("sound", "loudness", "level", "duck", "pause"))


@pytest.mark.parametrize(
    ("text", "level", "duck"),
    [("music: song.mp3", None, -6), ("music: {file: song.mp3, level: -8, duck: -2}", -8, -2)],
)
def test_a_song_is_named_alone_or_with_its_level(tmp_path: Path, text: str, level: float, duck: float) -> None:
    (tmp_path / "song.mp3").write_bytes(b"x")
    music = read(text, tmp_path).music
    assert (music.mode, music.audio, music.level_db, music.duck_db) == (MusicMode.GIVEN, SONG, level, duck)


def test_a_mood_goes_with_a_level() -> None:
    music = read("music: {level: -20}").music
    assert (music.mode, music.mood, music.level_db) == (MusicMode.COMPOSED, "calm", -20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sound: {loudness: -5}", "sound, loudness: must be at most -9"),
        ("sound: {loudness: -40}", "sound, loudness: must be at least -31"),
        ("sound: {volume: 3}", "sound, volume: is no word"),
        ("music: {level: 20}", "music, level: must be at most 6"),
        ("music: {duck: 3}", "music, duck: must be at most 0"),
        ("music: {file: a.mp3, mood: calm}", "give either `file`, or `mood` and `take`"),
        ("music: 3", "write `none`, the path of a sound file, or a block"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        read(text)


def test_a_pause_of_a_minute_is_refused_with_its_slide() -> None:
    with pytest.raises(InvalidInputError, match="slide 1, pause: must be at most 30"):
        parse_project_file("slides: [{narration: x, pause: 60}]", "p.yaml")
