"""Own video in a draft: only what the account handed in, exactly as it is, and what becomes of it in an outline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.content.domain.requests import music_seconds
from shared.contracts.projects import Brief, ProjectDraft, SlideDraft
from shared.contracts.revisions import (
    ClipCut,
    RevisionTitles,
    SlideLook,
    SlidePart,
    TransitionChoice,
    VoiceMode,
)
from shared.contracts.tasks import WriteScript
from shared.contracts.timeline import TransitionKind, VideoReference
from shared.errors import InvalidInputError
from shared.storage.values import get_value

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


@pytest.fixture
def clip(desk, tmp_path: Path) -> VideoReference:
    """Two seconds at 30 frames/s that the account handed in."""
    path = tmp_path / "bees.mov"
    path.write_bytes(b"a video")
    return desk.own_media.add_video(ACCOUNT, path)


def shows(video: VideoReference, **fields: Any) -> SlideDraft:
    cut = {name: fields.pop(name) for name in ("from_ms", "is_heard") if name in fields}
    return SlideDraft(look=SlideLook(clip=ClipCut(video=video, **cut)), **fields)


def outline_of(desk, **fields: Any) -> Any:
    project = desk.projects.create(ACCOUNT, ProjectDraft(title="Bees", **fields))
    return desk.projects.outline(ACCOUNT, project.project_id, None)


def test_a_clip_is_shown_to_its_end_with_its_poster_for_a_picture(desk, clip: VideoReference) -> None:
    timed, part, last = outline_of(
        desk, slides=(shows(clip, from_ms=500, seconds=5), shows(clip, from_ms=500), shows(clip))
    ).slides
    # What is seen of the second while the third takes over, half a second, comes on top.
    assert [slide.silent_ms for slide in (timed, part, last)] == [5_000, 1_000, 2_000]
    assert {slide.image for slide in (timed, part, last)} == {clip.poster}
    assert part.look.clip == ClipCut(video=clip, from_ms=500)


@pytest.mark.parametrize(
    ("project", "following", "expected_ms"),
    [
        (TransitionChoice(), None, 1_500),
        (TransitionChoice(length_ms=800), None, 1_200),
        (TransitionChoice(kind=TransitionKind.CUT), None, 2_000),
        (TransitionChoice(), TransitionChoice(kind=TransitionKind.PUSH, length_ms=200), 1_800),
        (TransitionChoice(), TransitionChoice(kind=TransitionKind.CUT), 2_000),
        (TransitionChoice(length_ms=1_500), None, 2_000),  # too long to leave anything of the clip
    ],
)
def test_a_clip_ends_with_the_transition_to_the_next_slide(
    desk,
    clip: VideoReference,
    project: TransitionChoice,
    following: TransitionChoice | None,
    expected_ms: int,
) -> None:
    after = SlideDraft(title="b", seconds=3, look=SlideLook(transition=following))
    assert outline_of(desk, slides=(shows(clip), after), transition=project).slides[0].silent_ms == expected_ms
    plain = SlideDraft(title="b", seconds=3)
    outro = ClipCut(video=clip)
    slides = outline_of(
        desk, slides=(after, plain, shows(clip)), transition=project, intro=outro, outro=outro
    ).slides
    if following is None:  # an outro takes over as the project has it
        assert slides[-2].silent_ms == expected_ms
    assert slides[0].silent_ms == expected_ms
    assert slides[-1].silent_ms == 2_000


def test_a_narrated_clip_lasts_as_long_as_its_narration(desk, clip: VideoReference) -> None:
    (slide,) = outline_of(desk, slides=(shows(clip, narration="Bees dance."),)).slides
    assert (slide.voice_mode, slide.silent_ms, slide.image) == (VoiceMode.SPOKEN, None, clip.poster)


def test_intro_and_outro_frame_the_slides_and_are_not_counted(desk, clip: VideoReference) -> None:
    slides = (SlideDraft(title="a", narration="Bees."), SlideDraft(title="b", narration="Flowers."))
    intro, outro = ClipCut(video=clip, is_heard=True), ClipCut(video=clip, from_ms=1_000)
    project = desk.projects.create(ACCOUNT, ProjectDraft(title="Bees", slides=slides, intro=intro, outro=outro))
    outline = desk.projects.outline(ACCOUNT, project.project_id, None)

    assert [slide.part for slide in outline.slides] == [
        SlidePart.INTRO,
        SlidePart.SLIDE,
        SlidePart.SLIDE,
        SlidePart.OUTRO,
    ]
    assert [slide.author_number for slide in outline.slides] == [None, 1, 2, None]
    assert [slide.silent_ms for slide in (outline.slides[0], outline.slides[-1])] == [1_500, 1_000]
    assert project.slide_ids == tuple(slide.slide_id for slide in outline.slides[1:3])
    titles = get_value(desk.object_store, outline.titles, RevisionTitles)
    assert (titles.slides["intro"], titles.slides["outro"]) == ("Intro", "Outro")
    revision = desk.projects.revision(ACCOUNT, project.project_id, project.revision_id)
    assert revision.slide(project.slide_ids[1]) == slides[1]


def test_a_written_script_keeps_intro_and_outro(desk, clip: VideoReference) -> None:
    cut = ClipCut(video=clip)
    brief = ProjectDraft(title="Bees", brief=Brief(topic="Bees", slides=2), intro=cut, outro=cut)
    project = desk.projects.create(ACCOUNT, brief)
    assert desk.projects.outline(ACCOUNT, project.project_id, None).slides == ()

    command = WriteScript(
        task_id="t",
        attempt=1,
        deadline_s=60,
        project_id=project.project_id,
        revision_id=project.revision_id,
    )
    written = desk.produce.write_script(command, desk.context())

    assert [slide.part.value for slide in written.outline.slides] == ["intro", "slide", "slide", "outro"]


@pytest.mark.parametrize(
    ("place", "lie"),
    [
        ("slide", {"frames": 10**9}),
        ("intro", {"frames": 10**9}),
        ("outro", {"frames": 10**9}),
        ("slide", {"rate": {"numerator": 1}}),
        ("slide", {"width": 64}),
        ("slide", {"audio": None}),
        ("slide", {"asset": {"key": f"accounts/{OTHER}/assets/{'0' * 64}"}}),
        ("intro", {"asset": {"sha256": "0" * 64}}),
        ("slide", {"asset": {"media_type": "image/png"}}),
    ],
)
def test_a_draft_cannot_say_of_a_video_what_is_not_so(
    desk, clip: VideoReference, place: str, lie: dict[str, Any]
) -> None:
    values = clip.model_dump()
    values |= {
        name: values[name] | value if isinstance(value, dict) and values[name] else value
        for name, value in lie.items()
    }
    cut = ClipCut(video=VideoReference.model_validate(values))
    plain = SlideDraft(title="a", narration="Bees.")
    draft = {
        "slide": ProjectDraft(title="Bees", slides=(plain, SlideDraft(look=SlideLook(clip=cut)))),
        "intro": ProjectDraft(title="Bees", slides=(plain,), intro=cut),
        "outro": ProjectDraft(title="Bees", slides=(plain,), outro=cut),
    }[place]
    expected = "the video of slide 2" if place == "slide" else f"the {place}"
    with pytest.raises(InvalidInputError, match=f"{expected} is not among the media of this account"):
        desk.projects.create(ACCOUNT, draft)


def test_videos_of_another_account_are_refused(desk, tmp_path: Path) -> None:
    path = tmp_path / "theirs.mp4"
    path.write_bytes(b"a video of theirs")
    theirs = desk.own_media.add_video(OTHER, path)
    with pytest.raises(InvalidInputError, match="the video of slide 1 is not among the media"):
        outline_of(desk, slides=(shows(theirs),))


def test_a_known_video_is_not_opened_again(desk, clip: VideoReference, tmp_path: Path) -> None:
    assert desk.own_media.add_video(ACCOUNT, tmp_path / "bees.mov") == clip
    brought_home = tmp_path / "media" / "clip.mp4"
    brought_home.parent.mkdir()
    desk.object_store.download(clip.asset.key, brought_home)
    assert desk.own_media.add_video(ACCOUNT, brought_home) == clip
    assert desk.door.videos_opened == 1
    desk.own_media.add_video(OTHER, tmp_path / "bees.mov")
    assert desk.door.videos_opened == 2  # what one account handed in says nothing to another


def test_a_known_video_that_is_gone_from_the_store_is_opened_again(
    desk, clip: VideoReference, tmp_path: Path
) -> None:
    desk.object_store.delete(clip.poster.asset.key)
    assert desk.own_media.add_video(ACCOUNT, tmp_path / "bees.mov") == clip
    assert desk.door.videos_opened == 2


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda clip: {"slides": (shows(clip, from_ms=2_000),)}, "slide 1 begins 2 s into its video.*only 2.00 s"),
        (
            lambda clip: {"slides": (shows(clip),), "intro": ClipCut(video=clip, from_ms=9_000)},
            "the intro begins 9",
        ),
        (
            lambda clip: {"slides": (shows(clip),), "outro": ClipCut(video=clip, from_ms=2_000)},
            "the outro begins 2",
        ),
        (
            lambda clip: {"slides": (shows(clip, image=clip.poster),)},
            "slide 1 has both a picture and a video; leave one of them out",
        ),
    ],
)
def test_a_clip_that_cannot_be_shown_is_refused_with_its_place(
    desk, clip: VideoReference, make: Any, expected: str
) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        outline_of(desk, **make(clip))


def test_music_is_as_long_as_the_clips_and_what_frames_them(clip: VideoReference) -> None:
    twenty = tuple(shows(clip) for _ in range(14))  # 28 s
    assert music_seconds(ProjectDraft(title="Bees", slides=twenty)) == 30
    framed = ProjectDraft(title="Bees", slides=twenty, intro=ClipCut(video=clip), outro=ClipCut(video=clip))
    assert music_seconds(framed) == 60
