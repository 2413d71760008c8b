"""What an author says of the sound reaches the planner."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from services.content.domain.outline import build_outline, check_draft
from shared.contracts.projects import Brief, MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference
from shared.contracts.revisions import MusicMode, RevisionOutline, SlideLook
from shared.contracts.timeline import Output
from shared.errors import InvalidInputError

TITLES = AssetReference(key="accounts/a/timelines/t", sha256="0" * 64, size_bytes=1, media_type="application/json")


def outline_of(**fields: object) -> RevisionOutline:
    slides = (SlideDraft(narration="x", look=SlideLook(pause_ms=700)),)
    draft = ProjectDraft(title="T", slides=slides, **fields)
    return build_outline(draft, project_id="p", revision_id="r", slide_ids=("s",), titles=TITLES, words={})


def test_loudness_levels_and_pauses_are_the_drafts() -> None:
    outline = outline_of(loudness_lufs=-16, music=MusicDraft(level_db=-20, duck_db=-2))
    assert (outline.loudness_lufs, outline.music_level_db, outline.music_duck_db) == (-16, -20, -2)
    assert outline.slides[0].look.pause_ms == 700


def test_what_is_not_said_stays_as_usual() -> None:
    usual, outline = RevisionOutline(project_id="p", revision_id="r"), outline_of()
    for field in ("loudness_lufs", "music_level_db", "music_duck_db"):
        assert getattr(outline, field) == getattr(usual, field)


@pytest.mark.parametrize("output", [Output.M4A, Output.MP3, Output.WAV, Output.STEMS])
def test_sound_files_of_a_silent_video_are_refused_with_the_remedy(output: Output) -> None:
    mute = MusicDraft(mode=MusicMode.NONE)
    shown = SlideDraft(image_prompt="a meadow", seconds=2)
    draft = ProjectDraft(title="T", slides=(shown,), music=mute, outputs=(output, Output.GIF))
    with pytest.raises(InvalidInputError, match=f"no sound to make {output.value} of; add a narration or music"):
        check_draft(draft)


@pytest.mark.parametrize(
    "heard",
    [
        {"music": MusicDraft()},
        {"slides": (SlideDraft(narration="x"),)},
        {"slides": (), "brief": Brief(topic="Bees", slides=2)},
    ],
)
def test_sound_files_of_anything_heard_are_made(heard: dict[str, object]) -> None:
    silent = {"slides": (SlideDraft(image_prompt="x", seconds=2),), "music": MusicDraft(mode=MusicMode.NONE)}
    check_draft(ProjectDraft(title="T", outputs=tuple(Output), **silent | heard))


def test_a_project_told_to_be_silent_has_no_sound_whatever_is_written() -> None:
    with pytest.raises(InvalidInputError, match="no sound"):
        check_draft(
            ProjectDraft(
                title="T",
                slides=(SlideDraft(narration="x"),),
                silent=True,
                music=MusicDraft(mode=MusicMode.NONE),
                outputs=(Output.WAV,),
            )
        )


@pytest.mark.parametrize(("samples", "refused"), [(47_999, True), (48_000, False)])
def test_music_of_less_than_a_second_is_refused(samples: int, refused: bool) -> None:
    song = AudioReference(asset=TITLES.model_copy(update={"media_type": "audio/wav"}), samples=samples)
    music = MusicDraft(mode=MusicMode.GIVEN, audio=song)
    draft = ProjectDraft(title="T", slides=(SlideDraft(narration="x"),), music=music)
    with pytest.raises(InvalidInputError, match="less than a second") if refused else nullcontext():
        check_draft(draft)
