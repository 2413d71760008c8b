"""Titles and lower thirds have their time within a slide, and only segments that show one know the look."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.domain.layout import SlideParts, build_timeline, frame_spec, segment_specs
from services.orchestrator.domain.titles import SlideTexts, titles_for
from shared.contracts.look import Look, Watermark
from shared.contracts.references import AssetReference, FontReference, ImageReference
from shared.contracts.revisions import LowerThird, RevisionOutline, RevisionTitles
from shared.contracts.timeline import Rate, TitleKind

BOTH = SlideTexts(title="A map of scent", lower_third=LowerThird(text="Amelia", detail="Ecologist"))
RATE = Rate(numerator=30)


def asset(name: str) -> AssetReference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(key=f"accounts/a/assets/{sha256}", sha256=sha256, size_bytes=1, media_type="image/png")


LOGO = Watermark(image=ImageReference(asset=asset("logo"), width=64, height=64))
LOOK = Look(font=FontReference(asset=asset("font"), family="F"), accent_colour="#00FF00", watermark=LOGO)


def slide(name: str, milliseconds: int, texts: SlideTexts | None = None) -> SlideParts:
    return SlideParts(
        slide_id=name,
        image=ImageReference(asset=asset(name), width=2208, height=1242),
        voice=None,
        words=(),
        silent_ms=milliseconds,
        texts=texts or SlideTexts(),
    )


def outline(look: Look = LOOK) -> RevisionOutline:
    return RevisionOutline(project_id="p", revision_id="r", look=look)


@given(
    frames=st.integers(1, 2000),
    transition=st.integers(0, 90),
    rate=st.sampled_from([Rate(numerator=24), RATE, Rate(numerator=60), Rate(numerator=30000, denominator=1001)]),
)
def test_every_title_lies_within_its_slide(frames: int, transition: int, rate: Rate) -> None:
    titles = titles_for(rate, BOTH, frames, min(transition, frames // 2))
    assert [title.kind for title in titles] == [TitleKind.TITLE, TitleKind.LOWER_THIRD]
    for title in titles:
        assert 0 <= title.start_frame < title.end_frame <= frames


def test_titles_come_after_the_slide_has_taken_over_and_one_after_the_other() -> None:
    title, third = titles_for(RATE, BOTH, 450, 15)
    assert title.start_frame == 15 + 6
    assert title.end_frame - title.start_frame == 135
    assert third.start_frame > title.end_frame
    assert 4 * 30 <= third.end_frame - third.start_frame <= 8 * 30


def test_a_short_slide_shows_both_at_once() -> None:
    title, third = titles_for(RATE, BOTH, 150, 15)
    assert third.start_frame < title.end_frame


def test_a_title_stays_to_the_end_when_little_of_the_slide_is_left() -> None:
    (title,) = titles_for(RATE, SlideTexts(title="A"), 180, 0)
    assert title.end_frame == 180 - 8


def test_only_segments_that_show_a_title_know_fonts_and_colours() -> None:
    specs = segment_specs(outline(), slide("s", 25_000, BOTH), None)

    assert [bool(spec.clip.titles) for spec in specs] == [True, True, False]
    assert [spec.look for spec in specs] == [LOOK, LOOK, Look(watermark=LOGO)]
    assert segment_specs(outline(), slide("s", 5_000), None)[0].look == Look(watermark=LOGO)


def test_another_accent_leaves_segments_without_titles_as_they_are() -> None:
    slides = slide("a", 5_000, BOTH), slide("b", 5_000)
    for parts, is_same in zip(slides, (False, True), strict=True):
        one, other = (
            segment_specs(outline(look), parts, None)
            for look in (LOOK, LOOK.model_copy(update={"accent_colour": "#0000FF"}))
        )
        assert (one == other) is is_same


def test_the_slide_after_does_not_know_the_titles_of_the_one_before() -> None:
    titled, plain = (
        segment_specs(outline(), slide("b", 5_000), slide("a", 5_000, texts)) for texts in (BOTH, SlideTexts())
    )
    assert titled == plain


@pytest.mark.parametrize("frame", [0, 60])
def test_a_previewed_frame_shows_the_titles_of_its_time(frame: int) -> None:
    spec = frame_spec(outline(), slide("s", 5_000, BOTH), None, frame)
    assert bool(spec.clip.titles) is (frame == 60)


def test_the_timeline_has_titles_and_look() -> None:
    titles = RevisionTitles(title="T", slides={})
    timeline = build_timeline(outline(), [slide("s", 5_000, BOTH)], titles, None)
    assert timeline.look == LOOK
    assert [title.text for title in timeline.pictures[0].titles] == ["A map of scent", "Amelia"]
