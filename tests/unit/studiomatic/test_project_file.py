"""``project.yaml``: what is written can be read, what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.projects import Brief, MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import MusicMode
from shared.contracts.timeline import FrameSize, Rate
from shared.errors import InvalidInputError
from studiomatic.cli.takes import with_new_takes
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import load_project_file, parse_project_file
from studiomatic.project_media import kept_media


def asset(letter: str) -> AssetReference:
    return AssetReference(
        key=f"accounts/a/assets/{letter * 64}", sha256=letter * 64, size_bytes=1, media_type="image/png"
    )


IMAGE = ImageReference(asset=asset("a"), width=10, height=10)
SOUND = AudioReference(asset=asset("b"), samples=100)

DRAFTS = {
    "slides": ProjectDraft(
        title="T: with 'quotes' # and more",
        slides=(
            SlideDraft(
                title="1", narration="Hello: there\nagain.", image_prompt="a b", image_take=3, voice_take=2
            ),
            SlideDraft(narration="नमस्ते 🐝", image=IMAGE, voice=SOUND),
            SlideDraft(title="silent", seconds=2.5),
        ),
        music=MusicDraft(mode=MusicMode.GIVEN, audio=SOUND),
        voice_speed_percent=120,
        size=FrameSize(width=1080, height=1920),
        rate=Rate(numerator=30000, denominator=1001),
        crossfade_ms=0,
    ),
    "topic": ProjectDraft(title="Bees", language="hi", brief=Brief(topic="Bees", slides=4)),
    "text": ProjectDraft(title="Text", brief=Brief(topic="Long\ntext.", slides=2, is_text=True), silent=True),
    "no music": ProjectDraft(
        title="T", slides=(SlideDraft(narration="x"),), music=MusicDraft(mode=MusicMode.NONE)
    ),
}


class Desk:
    """Takes in nothing, or answers every picture with the one it was given."""

    def __init__(self, image: ImageReference | None = None) -> None:
        self._image = image

    def add_image(self, path: Path) -> ImageReference:
        assert self._image, f"{path} was opened"
        return self._image

    def add_audio(self, path: Path) -> AudioReference:
        raise AssertionError(f"{path} was opened")


@pytest.mark.parametrize("name", sorted(DRAFTS))
def test_a_draft_survives_being_written_and_read(name: str) -> None:
    draft = DRAFTS[name]
    text = from_draft(draft, project_id="p", media=kept_media(draft))

    read = to_draft(parse_project_file(text, "x"), Path(), desk=Desk(), earlier=draft)

    assert read == draft
    assert parse_project_file(text, "x").project == "p"


def test_the_bundled_sample_is_a_project_of_six_spoken_slides() -> None:
    path = Path(__file__).parents[3] / "studiomatic" / "sample" / "project.yaml"
    draft = to_draft(load_project_file(path), path.parent, desk=Desk())
    assert len(draft.slides) == 6
    assert all(slide.narration and slide.image_prompt for slide in draft.slides)


def test_own_media_are_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(b"x")
    file = parse_project_file("title: T\nslides:\n  - {image: p.png, seconds: 1}\n", "x")
    draft = to_draft(file, tmp_path, desk=Desk(IMAGE))
    assert draft.slides[0].image == IMAGE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("titel: x\nslides:\n  - {narration: a}", "titel: is no word of a project file"),
        ("slides:\n  - {narration: 4}", "slide 1, narration: must be text"),
        ("slides: 4", "must be a list"),
        ("topic: x\nstyle: {fps: 0}", "fps"),
        ("topic: x\nstyle: {fps: 1/0}", "fps"),
        ("topic: x\nstyle: {size: 9999x9999}", "size"),
        ("topic: x\nslide_count: 500", "slide_count"),
        ("", "holds no project"),
        ("\t", "not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        parse_project_file(text, "p.yaml")


def test_yaml_cannot_make_python_objects() -> None:
    with pytest.raises(InvalidInputError):
        parse_project_file("title: !!python/object/apply:os.system [echo]", "p.yaml")


def test_only_the_asked_for_take_is_raised() -> None:
    draft = ProjectDraft(title="T", slides=(SlideDraft(narration="a"), SlideDraft(narration="b")))

    changed = with_new_takes(draft, 2, image=True, voice=False, music=True)

    assert [(s.image_take, s.voice_take) for s in changed.slides] == [(1, 1), (2, 1)]
    assert changed.music.take == 2


@pytest.mark.parametrize(
    ("slide", "kinds"),
    [
        (None, {"image": True}),
        (0, {"image": True}),
        (3, {"voice": True}),
        (1, {}),
        (2, {"image": True}),
        (2, {"voice": True}),
    ],
)
def test_a_take_that_cannot_be_made_is_refused(slide: int | None, kinds: dict[str, bool]) -> None:
    draft = ProjectDraft(
        title="T", slides=(SlideDraft(narration="a"), SlideDraft(narration="b", image=IMAGE, voice=SOUND))
    )
    with pytest.raises(InvalidInputError):
        with_new_takes(draft, slide, **{"image": False, "voice": False, "music": False, **kinds})


SLIDES = "slides:\n  - {narration: Hi there.}\n"

MISTAKES = {
    "style: {profile: best}\n" + SLIDES: "style, profile: must be 'draft', 'standard' or 'high'",
    "style: {crossfade: -1}\n" + SLIDES: "style, crossfade: must be at least 0",
    "style: {crossfade: long}\n" + SLIDES: "style, crossfade: must be a number",
    "style: {captions: maybe}\n" + SLIDES: "style, captions: write true, false, or one of classic, bold",
    "voice: loud\n" + SLIDES: "voice: write `none`, or a block",
    "voice:\n" + SLIDES: "voice: write `none`, or a block",
    "voice: {speed: 9}\n" + SLIDES: "voice, speed: must be at most 2",
    "music: false\n" + SLIDES: "music: write `none`, the path of a sound file, or a block",
    "music: {tempo: 5}\n" + SLIDES: "music, tempo: is no word of a project file",
    "title: " + "x" * 300 + "\n" + SLIDES: "title: may have at most 200 characters",
    "title: ''\n" + SLIDES: "title: is empty",
    "topic: bees\nslide_count: many\n": "slide_count: must be a whole number",
    "slides:\n  - {image: a.png, seconds: 0}\n": "slide 1, seconds: must be over 0",
    "slides:\n  - Hello there.\n": "slide 1: must be a block",
    "title: Bees: how they fly\n"
    + SLIDES: "line 1: mapping values are not allowed here; put text that holds a colon",
    "title: T\nslides:\n\t- {narration: a}\n": "line 3: found character '\\t' that cannot start any token; indent",
    "title: T\ntitle: U\n" + SLIDES: 'line 2: found duplicate key "title"',
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_once_in_the_authors_words(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_project_file(text, "p.yaml")
    assert MISTAKES[text] in caught.value.message
    for jargon in ("Input should", "String should", "Tuple should", "validation", "<unicode string>"):
        assert jargon not in caught.value.message
    assert caught.value.message.count("voice") <= 1
