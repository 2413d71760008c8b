"""Another take is made only of what was made before."""

from __future__ import annotations

import pytest

from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.revisions import MusicMode
from shared.errors import InvalidInputError
from studiomatic.cli.takes import with_new_takes


@pytest.fixture
def draft() -> ProjectDraft:
    return ProjectDraft(
        title="T", slides=(SlideDraft(narration="Hi."), SlideDraft(image_prompt="a bee", seconds=2))
    )


def test_a_take_is_raised_for_the_slide_that_was_named_alone(draft: ProjectDraft) -> None:
    changed = with_new_takes(draft, 1, image=True, voice=True, music=True)
    assert (changed.slides[0].image_take, changed.slides[0].voice_take, changed.music.take) == (2, 2, 2)
    assert changed.slides[1] == draft.slides[1]


def test_a_silent_project_has_no_reading_to_make_again(draft: ProjectDraft) -> None:
    silent = draft.model_copy(update={"silent": True})
    with pytest.raises(InvalidInputError, match=r"silent.*voice: none"):
        with_new_takes(silent, 1, image=False, voice=True, music=False)
    assert with_new_takes(silent, 1, image=True, voice=False, music=False).slides[0].image_take == 2


def test_a_slide_without_narration_has_no_reading_to_make_again(draft: ProjectDraft) -> None:
    with pytest.raises(InvalidInputError, match="slide 2 has no narration"):
        with_new_takes(draft, 2, image=False, voice=True, music=False)


@pytest.mark.parametrize(
    ("slide", "wanted", "words"),
    [
        (None, {}, "say what to make again"),
        (None, {"image": True}, "--slide 1 to 2"),
        (3, {"image": True}, "--slide 1 to 2"),
    ],
)
def test_an_incomplete_request_says_what_is_missing(draft: ProjectDraft, slide, wanted, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        with_new_takes(draft, slide, **{"image": False, "voice": False, "music": False, **wanted})


def test_music_that_is_not_composed_has_no_other_take(draft: ProjectDraft) -> None:
    without = draft.model_copy(update={"music": MusicDraft(mode=MusicMode.NONE)})
    with pytest.raises(InvalidInputError, match="not composed"):
        with_new_takes(without, None, image=False, voice=False, music=True)
