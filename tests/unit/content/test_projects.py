"""Projects and their revisions: kept, never changed, seen only by their account."""

from __future__ import annotations

import pytest

from shared.contracts.projects import Brief, ProjectDraft, SlideDraft
from shared.contracts.revisions import RevisionTitles, VoiceMode
from shared.contracts.tasks import SpokenWord
from shared.errors import InvalidInputError, NotFoundError
from shared.storage.values import get_value, get_values

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


def test_a_revision_never_changes(desk) -> None:
    first = desk.projects.create(ACCOUNT, desk.draft(slides=2))
    second = desk.projects.revise(ACCOUNT, first.project_id, desk.draft(slides=3))

    assert desk.projects.get(ACCOUNT, first.project_id, first.revision_id).draft == desk.draft(slides=2)
    assert desk.projects.get(ACCOUNT, first.project_id).revision_id == second.revision_id
    assert (first.revision_number, second.revision_number) == (1, 2)


def test_a_draft_that_changes_nothing_makes_no_revision(desk) -> None:
    first = desk.projects.create(ACCOUNT, desk.draft())
    assert desk.projects.revise(ACCOUNT, first.project_id, desk.draft()) == first


def test_another_account_sees_and_changes_nothing(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft()).project_id

    assert desk.projects.list(OTHER).projects == ()
    for act in (
        lambda: desk.projects.get(OTHER, project),
        lambda: desk.projects.outline(OTHER, project, None),
        lambda: desk.projects.revise(OTHER, project, desk.draft(slides=5)),
        lambda: desk.projects.delete(OTHER, project),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert desk.projects.get(ACCOUNT, project).revision_number == 1


def test_a_deleted_project_is_gone_with_its_revisions(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft())
    desk.projects.delete(ACCOUNT, project.project_id)
    with pytest.raises(NotFoundError):
        desk.projects.get(ACCOUNT, project.project_id, project.revision_id)


def test_an_outline_holds_the_shape_and_no_words(desk) -> None:
    project = desk.projects.create(ACCOUNT, desk.draft(slides=2, title="Private title"))

    outline = desk.projects.outline(ACCOUNT, project.project_id, None)

    assert "Private title" not in outline.model_dump_json()
    assert "Words" not in outline.model_dump_json()
    titles = get_value(desk.object_store, outline.titles, RevisionTitles)
    assert titles.title == "Private title"
    assert set(titles.slides) == {slide.slide_id for slide in outline.slides}


def test_slides_without_words_are_shown_silently_for_their_time(desk) -> None:
    slides = (SlideDraft(title="a", seconds=2.5), SlideDraft(title="b", narration="Hello."))
    project = desk.projects.create(ACCOUNT, desk.draft().model_copy(update={"slides": slides}))

    silent, spoken = desk.projects.outline(ACCOUNT, project.project_id, None).slides

    assert (silent.voice_mode, silent.silent_ms) == (VoiceMode.SILENT, 2500)
    assert (spoken.voice_mode, spoken.silent_ms) == (VoiceMode.SPOKEN, None)
    assert silent.words is None
    assert spoken.words is None


def test_the_narration_of_a_silent_video_is_read_within_the_time_of_its_slides(desk) -> None:
    slides = (SlideDraft(narration="Read this, please.", seconds=3), SlideDraft(narration="Gone.", seconds=0.5))
    draft = desk.draft().model_copy(update={"slides": slides, "silent": True})
    project = desk.projects.create(ACCOUNT, draft)

    read, too_short = desk.projects.outline(ACCOUNT, project.project_id, None).slides

    words = get_values(desk.object_store, read.words, SpokenWord)
    assert [word.text for word in words] == ["Read", "this,", "please."]
    assert (words[0].start_sample, words[-1].end_sample) == (0, 2 * 48_000)
    assert too_short.words is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"language": "tlh"}, "'tlh' is not supported"),
        ({"slides": (SlideDraft(narration="fine"), SlideDraft(title="no words"))}, "slide 2 has no text"),
        ({"slides": (), "brief": Brief(topic="  ", slides=3)}, "topic is empty"),
    ],
)
def test_a_draft_that_cannot_become_a_video_is_refused(desk, changes, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        desk.projects.create(ACCOUNT, desk.draft().model_copy(update=changes))
    assert desk.projects.list(ACCOUNT).projects == ()


def test_a_draft_needs_slides_or_a_brief_but_not_both() -> None:
    for sources in ({}, {"slides": [{"narration": "x"}], "brief": {"topic": "x", "slides": 1}}):
        with pytest.raises(ValueError, match="either a brief"):
            ProjectDraft.model_validate({"title": "T", **sources})
