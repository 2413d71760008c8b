"""Brand kits and titles in a project file: what is written can be read, the project's own words come first."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from shared.contracts.look import Corner, Look, Watermark
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.revisions import LowerThird, SlideLook
from shared.contracts.timeline import CaptionStyle, Rate, VideoReference
from shared.errors import BadMediaError, InvalidInputError
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file
from studiomatic.project_media import kept_media

KIT = """
font: fonts/brand.ttf
colours: {text: "#f0f0f0", accent: "#00ff00", highlight: "#112233"}
logo: {image: logo.png, corner: bottom_left, size: 200, opacity: 0.5}
captions: {size: 60}
intro: intro.mp4
"""
SLIDES = "\nslides:\n  - {narration: Hello.}\n"


def asset(name: str, media_type: str = "image/png") -> AssetReference:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(key=f"accounts/a/assets/{digest}", sha256=digest, size_bytes=1, media_type=media_type)


def font(name: str) -> FontReference:
    return FontReference(asset=asset(name, "font/sfnt"), family="F")


def logo(name: str) -> ImageReference:
    return ImageReference(asset=asset(name), width=64, height=32)


class Desk:
    """Answers each file with an asset of its name, and remembers which were handed in."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def add_image(self, path: Path) -> ImageReference:
        raise AssertionError(f"{path} is no picture of a slide")

    def add_audio(self, path: Path) -> AudioReference:
        raise AssertionError(f"{path} is no sound")

    def add_logo(self, path: Path) -> ImageReference:
        self.given.append(path.name)
        return logo(path.name)

    def add_font(self, path: Path) -> FontReference:
        self.given.append(path.name)
        if path.name == "bad.ttf":
            raise BadMediaError("bad.ttf: is a damaged font")
        return font(path.name)

    def add_video(self, path: Path) -> VideoReference:
        self.given.append(path.name)
        return VideoReference(
            asset=asset(path.name, "video/mp4"),
            width=640,
            height=360,
            rate=Rate(numerator=30),
            frames=60,
            poster=logo(path.name),
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder, with a brand kit in another one."""
    kit = tmp_path / "kit"
    (kit / "fonts").mkdir(parents=True)
    for name in ("fonts/brand.ttf", "logo.png", "intro.mp4"):
        (kit / name).write_bytes(b"x")
    for name in ("own.ttf", "own.mp4", "bad.ttf"):
        (tmp_path / name).write_bytes(b"x")
    (kit / "brand.yaml").write_text(KIT)
    return tmp_path


def read(text: str, folder: Path, desk: Desk | None = None, earlier: ProjectDraft | None = None) -> ProjectDraft:
    return to_draft(parse_project_file(text, "p.yaml"), folder, desk=desk or Desk(), earlier=earlier)


def test_a_kit_gives_fonts_colours_logo_captions_and_intro(folder: Path) -> None:
    desk = Desk()

    draft = read("title: T\nbrand: kit/brand.yaml" + SLIDES, folder, desk)

    assert draft.look == Look(
        font=font("brand.ttf"),
        text_colour="#F0F0F0",
        accent_colour="#00FF00",
        watermark=Watermark(
            image=logo("logo.png"), corner=Corner.BOTTOM_LEFT, width_permille=200, opacity_permille=500
        ),
    )
    assert draft.captions.font == font("brand.ttf")
    assert draft.captions.highlight_colour == "#112233"
    assert draft.captions.size_permille == 60
    assert draft.intro is not None
    assert draft.intro.video.asset == asset("intro.mp4", "video/mp4")
    assert sorted(desk.given) == ["brand.ttf", "intro.mp4", "logo.png"]


def test_what_the_project_says_comes_before_its_kit(folder: Path) -> None:
    text = (
        "title: T\nbrand: kit/brand.yaml\nintro: own.mp4\n"
        'style: {captions: {font: own.ttf, highlight_colour: "#445566"}}' + SLIDES
    )

    draft = read(text, folder)

    assert draft.captions.font == font("own.ttf")
    assert draft.captions.highlight_colour == "#445566"
    assert draft.captions.size_permille == 60
    assert draft.intro is not None
    assert draft.intro.video.asset == asset("own.mp4", "video/mp4")
    assert (
        read("title: T\nbrand: kit/brand.yaml\nstyle: {captions: false}" + SLIDES, folder).captions.burn_in
        is False
    )


def test_a_kit_may_stand_in_the_project_itself(folder: Path) -> None:
    draft = read("title: T\nbrand: {logo: kit/logo.png, font: {captions: own.ttf}}" + SLIDES, folder)
    assert draft.look == Look(watermark=Watermark(image=logo("logo.png")))
    assert draft.captions.font == font("own.ttf")


BRANDED = ProjectDraft(
    title="T",
    slides=(
        SlideDraft(
            title="One",
            narration="a",
            look=SlideLook(title_is_shown=True),
            lower_third=LowerThird(text="Amelia: a 'name'", detail="Ecologist"),
        ),
        SlideDraft(narration="b", lower_third=LowerThird(text="Bob")),
    ),
    captions=CaptionStyle(font=font("c")),
    look=Look(
        font=font("t"),
        panel_colour="#FFFFFF",
        watermark=Watermark(image=logo("l"), margin_permille=10, opacity_permille=123),
    ),
)


@pytest.mark.parametrize(
    "draft", [BRANDED, BRANDED.model_copy(update={"captions": CaptionStyle()})], ids=["two fonts", "one font"]
)
def test_a_branded_draft_survives_being_written_and_read(draft: ProjectDraft) -> None:
    text = from_draft(draft, project_id="p", media=kept_media(draft))
    assert read(text, Path(), earlier=draft) == draft


def test_a_plain_draft_says_nothing_of_a_brand() -> None:
    text = from_draft(ProjectDraft(title="T", slides=(SlideDraft(narration="a"),)), project_id="p")
    assert "brand" not in text
    assert "lower_third" not in text


@pytest.mark.parametrize(
    ("brand", "expected"),
    [
        ("brand: 4", "brand: write the path of a brand kit, or a block"),
        ("brand: nowhere.yaml", "brand: .*nowhere.yaml cannot be read: No such file"),
        ("brand: {colours: {text: red}}", "brand, colours, text: write it like"),
        ("brand: {logo: {image: a.png, size: 900}}", "brand, logo, size: must be at most 500"),
        ("brand: {fonts: a.ttf}", "brand, fonts: is no word of a project file"),
        ("brand: {logo: nothing.png}", "brand, logo: there is no file nothing.png"),
    ],
)
def test_a_mistake_in_a_kit_is_named_with_its_place(folder: Path, brand: str, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        read(f"title: T\n{brand}{SLIDES}", folder)


def test_a_mistake_in_a_kit_of_its_own_names_the_file(folder: Path) -> None:
    (folder / "kit" / "brand.yaml").write_text("logo: {image: logo.png, opacity: 7}")
    with pytest.raises(InvalidInputError, match=r"brand\.yaml: logo, opacity: must be at most 1"):
        read("title: T\nbrand: kit/brand.yaml" + SLIDES, folder)


def test_a_font_that_cannot_be_used_is_refused_with_its_place(folder: Path) -> None:
    with pytest.raises(BadMediaError, match=r"brand, font: bad\.ttf: is a damaged font"):
        read("title: T\nbrand: {font: bad.ttf}" + SLIDES, folder)


def test_a_lower_third_may_be_a_name_alone(folder: Path) -> None:
    draft = read("title: T\nslides:\n  - {title: A, show_title: true, lower_third: Bob, narration: a}\n", folder)
    assert draft.slides[0].lower_third == LowerThird(text="Bob")
    assert draft.slides[0].look.title_is_shown
