"""Captions in a project file: named styles, what differs from them, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, FontReference
from shared.contracts.timeline import CaptionMode, CaptionStyle
from shared.errors import InvalidInputError
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file
from studiomatic.project_media import kept_media

FONT = FontReference(
    asset=AssetReference(
        key=f"accounts/a/assets/{'f' * 64}", sha256="f" * 64, size_bytes=1, media_type="font/ttf"
    ),
    family="Own",
)


class FontDesk:
    """Takes in one font and nothing else."""

    def add_font(self, path: Path) -> FontReference:
        assert path.name == "own.ttf"
        return FONT

    def __getattr__(self, name: str) -> object:
        return lambda path: pytest.fail(f"{path} was handed in: {name}")


def read(words: str, folder: Path = Path(), earlier: ProjectDraft | None = None) -> CaptionStyle:
    file = parse_project_file(f"title: T\nstyle: {{captions: {words}}}\nslides:\n  - {{narration: a}}\n", "p.yaml")
    return to_draft(file, folder, desk=FontDesk(), earlier=earlier).captions


def test_true_and_false_mean_what_they_always_meant():
    assert read("true") == CaptionStyle()
    assert read("false") == CaptionStyle(burn_in=False)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("classic", CaptionMode.HIGHLIGHT),
        ("bold", CaptionMode.HIGHLIGHT),
        ("minimal", CaptionMode.SENTENCE),
        ("karaoke", CaptionMode.KARAOKE),
        ("pop", CaptionMode.ONE_WORD),
        ("documentary", CaptionMode.SENTENCE),
    ],
)
def test_a_name_is_a_whole_style(name, mode):
    assert read(name).mode is mode


def test_a_block_changes_a_named_style():
    style = read(
        '{style: bold, size: 60, text_colour: "#ff00aa", box_opacity: 0.3, position: top, mode: sentence}'
    )
    assert style == read("bold").model_copy(
        update={
            "size_permille": 60,
            "text_colour": "#FF00AA",
            "box_opacity_permille": 300,
            "baseline_permille": 200,
            "mode": CaptionMode.SENTENCE,
        }
    )


def test_an_own_font_is_handed_in(tmp_path):
    (tmp_path / "own.ttf").write_bytes(b"x")
    assert read("{font: own.ttf}", tmp_path).font == FONT


STYLES = {
    "off": CaptionStyle(burn_in=False),
    "karaoke off": read("{style: karaoke, burned_in: false}"),
    "pop": read("pop"),
    "near bold": read('{style: bold, outline: 3, outline_colour: "#123456"}'),
    "all else": CaptionStyle(
        mode=CaptionMode.ONE_WORD,
        font=FONT,
        box_colour="#010203",
        box_opacity_permille=333,
        outline_colour="#040506",
        outline_permille=2,
        size_permille=77,
        text_colour="#070809",
        highlight_colour="#0A0B0C",
        baseline_permille=444,
    ),
}


@pytest.mark.parametrize("name", sorted(STYLES))
def test_a_style_survives_being_written_and_read(name):
    draft = ProjectDraft(title="T", slides=(SlideDraft(narration="a"),), captions=STYLES[name])
    text = from_draft(draft, project_id="p", media=kept_media(draft))
    again = to_draft(parse_project_file(text, "p.yaml"), Path(), desk=FontDesk(), earlier=draft)
    assert again == draft


@pytest.mark.parametrize(("words", "written"), [("karaoke", "captions: karaoke"), ("true", "captions: true")])
def test_a_named_style_is_written_by_its_name(words, written):
    draft = ProjectDraft(title="T", slides=(SlideDraft(narration="a"),), captions=read(words))
    assert written in from_draft(draft, project_id="p")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fancy", "style, captions.*: write true, false, or one of classic, bold"),
        ("{style: fancy}", "one of classic"),
        ("{size: 5}", "size: must be at least 20"),
        ("{text_colour: red}", "write it like"),
        ("{position: left}", "write bottom, middle, top"),
        ("{colour: x}", "is no word of a project file"),
        ("{mode: loud}", "must be 'sentence', 'highlight', 'karaoke' or 'one_word'"),
        ("{font: none.ttf}", "there is no file none.ttf"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(words, expected):
    with pytest.raises(InvalidInputError, match=expected):
        read(words)
