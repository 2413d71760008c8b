"""Own video in ``project.yaml``: what is written can be read, and says what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.projects import Brief, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import ClipCut, SlideLook
from shared.contracts.timeline import Rate, VideoReference
from shared.errors import BadMediaError, InvalidInputError
from studiomatic.cli.takes import with_new_takes
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file
from studiomatic.project_media import kept_media


def asset(letter: str, media_type: str) -> AssetReference:
    return AssetReference(
        key=f"accounts/a/assets/{letter * 64}", sha256=letter * 64, size_bytes=1, media_type=media_type
    )


def video(letter: str) -> VideoReference:
    return VideoReference(
        asset=asset(letter, "video/mp4"),
        width=640,
        height=360,
        rate=Rate(numerator=25),
        frames=100,
        poster=ImageReference(asset=asset("d", "image/png"), width=640, height=360),
        audio=AudioReference(asset=asset("e", "audio/wav"), samples=192_000),
    )


HARBOUR, OPENING = video("a"), video("b")


class Desk:
    """Answers every video with the one of its name."""

    def add_video(self, path: Path) -> VideoReference:
        if path.name == "broken.mp4":
            raise BadMediaError("broken.mp4: is cut off; copy it again")
        return {"harbour.mov": HARBOUR, "opening.mp4": OPENING}[path.name]

    def add_image(self, path: Path) -> ImageReference:
        raise AssertionError(f"{path} was opened as a picture")

    def add_audio(self, path: Path) -> AudioReference:
        raise AssertionError(f"{path} was opened as a sound")


@pytest.fixture
def read(tmp_path: Path):
    """Makes the draft of a project file that lies beside two videos."""
    (tmp_path / "clips").mkdir()
    for name in ("harbour.mov", "opening.mp4", "broken.mp4", "a.png"):
        (tmp_path / name).write_bytes(b"x")

    def draft(text: str) -> ProjectDraft:
        return to_draft(parse_project_file(text, "project.yaml"), tmp_path, desk=Desk())

    return draft


def cut_of(draft: ProjectDraft, slide: int = 0) -> ClipCut | None:
    return draft.slides[slide].look.clip


def test_a_slide_shows_a_video_from_where_it_is_told(read) -> None:
    draft = read("slides:\n  - {video: harbour.mov, video_from: 1.5, seconds: 6, video_gain: -3}\n")
    assert cut_of(draft) == ClipCut(video=HARBOUR, from_ms=1_500, is_heard=True, gain_db=-3)
    assert draft.slides[0].seconds == 6


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("", True),
        (", narration: Ships.", False),
        (", narration: Ships., video_sound: mix", True),
        (", video_sound: mute", False),
    ],
)
def test_a_video_is_heard_unless_it_is_muted_or_somebody_speaks_over_it(read, words: str, heard: bool) -> None:
    cut = cut_of(read(f"slides:\n  - {{video: harbour.mov{words}}}\n"))
    assert cut is not None
    assert cut.is_heard is heard


def test_intro_and_outro_are_a_path_or_a_block(read) -> None:
    draft = read(
        "topic: Ships\nintro: opening.mp4\noutro: {video: harbour.mov, from: 2, sound: mute, gain: 1.5}\n"
    )
    assert draft.intro == ClipCut(video=OPENING, is_heard=True)
    assert draft.outro == ClipCut(video=HARBOUR, from_ms=2_000, is_heard=False, gain_db=1.5)


DRAFTS = {
    "slides": ProjectDraft(
        title="T",
        slides=(
            SlideDraft(look=SlideLook(clip=ClipCut(video=HARBOUR, is_heard=True))),
            SlideDraft(narration="a", look=SlideLook(clip=ClipCut(video=HARBOUR, from_ms=250, is_heard=True))),
            SlideDraft(narration="a", look=SlideLook(clip=ClipCut(video=OPENING, gain_db=-4.5))),
            SlideDraft(seconds=2, look=SlideLook(clip=ClipCut(video=OPENING))),
        ),
        intro=ClipCut(video=OPENING, is_heard=True),
        outro=ClipCut(video=HARBOUR, from_ms=1_200, gain_db=2),
    ),
    "topic": ProjectDraft(
        title="T", brief=Brief(topic="T", slides=2), outro=ClipCut(video=OPENING, is_heard=True, gain_db=-1)
    ),
}


@pytest.mark.parametrize("name", sorted(DRAFTS))
def test_a_draft_with_videos_survives_being_written_and_read(name: str) -> None:
    draft = DRAFTS[name]
    text = from_draft(draft, project_id="p", media=kept_media(draft))
    assert to_draft(parse_project_file(text, "x"), Path(), desk=Desk(), earlier=draft) == draft


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slides:\n  - {video: harbour.mov, image: a.png}", "slide 1: give either `image` or `video`"),
        ("slides:\n  - {image: a.png, seconds: 1, video_from: 2}", "slide 1: `video_from`.* are for a slide with"),
        ("slides:\n  - {video: harbour.mov, video_sound: loud}", "slide 1, video_sound: must be 'mix' or 'mute'"),
        ("slides:\n  - {video: harbour.mov, video_from: -1}", "slide 1, video_from: must be at least 0"),
        ("slides:\n  - {video: harbour.mov, video_from: .inf}", "slide 1, video_from: must be a number"),
        ("topic: x\nintro: {video: opening.mp4, from: .inf}", "intro, from: must be a number"),
        ("topic: x\nintro: {from: 1}", "intro, video: is missing"),
        ("topic: x\noutro: {video: opening.mp4, start: 1}", "outro, start: is no word of a project file"),
        ("topic: x\nintro: missing.mp4", "intro: there is no file missing.mp4"),
        ("slides:\n  - {video: missing.mp4}", "slide 1: there is no file missing.mp4"),
        ("slides:\n  - {video: clips}", "slide 1: clips is a folder; give a file"),
    ],
)
def test_a_mistake_is_named_with_its_place(read, text: str, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        read(text)


def test_a_video_that_cannot_be_used_is_named_with_its_slide(read) -> None:
    with pytest.raises(BadMediaError, match=r"slide 2: broken\.mp4: is cut off"):
        read("slides:\n  - {video: harbour.mov}\n  - {video: broken.mp4}\n")


def test_there_is_no_other_take_of_a_video() -> None:
    with pytest.raises(InvalidInputError, match="slide 1 shows a video of your own"):
        with_new_takes(DRAFTS["slides"], 1, image=True, voice=False, music=False)
