"""Fonts and logos belong to one account like all media; titles are checked at the door and kept from messages."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from shared.contracts.look import Look, Watermark
from shared.contracts.media import AcceptMedia, MediaKind
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.references import FontReference, ImageReference
from shared.contracts.revisions import LowerThird, RevisionTitles, SlideLook
from shared.contracts.timeline import CaptionStyle
from shared.errors import InvalidInputError
from shared.ids import AccountId
from shared.storage import upload_key
from shared.storage.values import get_value

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"
SLIDE = SlideDraft(title="A map", narration="Bees dance.")


@pytest.fixture
def hand_in(desk, tmp_path: Path):
    """A logo and a font of an account."""

    def handed_in(account: str = ACCOUNT) -> tuple[ImageReference, FontReference]:
        logo, font = tmp_path / "logo.png", tmp_path / "brand.ttf"
        logo.write_bytes(b"a logo")
        font.write_bytes(b"a font")
        return desk.own_media.add_logo(account, logo), desk.own_media.add_font(account, font)

    return handed_in


def draft(brand: Look | None = None, captions: CaptionStyle | None = None, **slide: object) -> ProjectDraft:
    return ProjectDraft(
        title="Bees",
        slides=(SLIDE.model_copy(update=slide),),
        look=brand or Look(),
        captions=captions or CaptionStyle(),
    )


def test_the_outline_has_the_look_and_says_who_is_named_but_not_how(desk, hand_in) -> None:
    logo, font = hand_in()
    look = Look(font=font, accent_colour="#00FF00", watermark=Watermark(image=logo))
    third = LowerThird(text="Amelia Hartwood", detail="Ecologist")

    project = desk.projects.create(ACCOUNT, draft(look, CaptionStyle(font=font), lower_third=third))

    outline = desk.projects.outline(ACCOUNT, project.project_id, None)
    assert outline.look == look
    assert outline.slides[0].has_lower_third
    assert "Hartwood" not in outline.model_dump_json()
    assert outline.titles is not None
    titles = get_value(desk.object_store, outline.titles, RevisionTitles)
    assert titles.lower_thirds == {outline.slides[0].slide_id: third}
    assert titles.slides == {outline.slides[0].slide_id: "A map"}


def test_fonts_and_logos_of_another_account_are_refused_by_name(desk, hand_in) -> None:
    hand_in()
    logo, font = hand_in(OTHER)
    for made, place in (
        (draft(Look(watermark=Watermark(image=logo))), "the logo"),
        (draft(Look(font=font)), "the font of the titles"),
        (draft(captions=CaptionStyle(font=font)), "the font of the captions"),
    ):
        with pytest.raises(InvalidInputError, match=f"{place} is not among the media of this account"):
            desk.projects.create(ACCOUNT, made)


def test_a_font_is_no_logo_and_a_picture_no_font(desk, hand_in) -> None:
    logo, font = hand_in()
    swapped_logo = logo.model_copy(update={"asset": font.asset})
    swapped_font = font.model_copy(update={"asset": logo.asset})
    for look in (Look(watermark=Watermark(image=swapped_logo)), Look(font=swapped_font)):
        with pytest.raises(InvalidInputError, match="not among the media"):
            desk.projects.create(ACCOUNT, draft(look))


@pytest.mark.parametrize(
    ("slide", "expected"),
    [
        ({"title": " ", "look": SlideLook(title_is_shown=True)}, "slide 1 shows its title but has none"),
        ({"lower_third": LowerThird(text=" ")}, "the lower third of slide 1 names nobody"),
    ],
)
def test_a_title_without_words_is_refused_with_its_slide(desk, slide: dict[str, object], expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        desk.projects.create(ACCOUNT, draft(**slide))


@pytest.mark.parametrize(("kind", "field"), [(MediaKind.LOGO, "image"), (MediaKind.FONT, "font")])
def test_a_client_elsewhere_hands_in_fonts_and_logos(desk, kind: MediaKind, field: str) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    key = upload_key(AccountId(ACCOUNT), digest)
    desk.object_store.put(key, io.BytesIO(b"x"), media_type="application/octet-stream")

    accepted = desk.remote_media.accept(
        ACCOUNT, AcceptMedia(media_kind=kind, sha256=digest, size_bytes=1, name="brand")
    )

    assert list(accepted.model_dump(exclude_none=True)) == [field]
