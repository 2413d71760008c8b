"""Logo, titles and the author's own font in the frames of segments, and in the child that renders them."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.work import RenderSegmentWork
from shared.contracts.look import Corner, Look, Watermark
from shared.contracts.references import AssetReference, FontReference
from shared.contracts.timeline import FrameSize, OnScreenTitle, SegmentSpec, TitleKind, Transition, TransitionKind
from shared.media.sandbox import MediaSandbox

SIZE = FrameSize(width=320, height=180)
FONTS = Path(__file__).parents[3] / "services" / "renderer" / "fonts"
TITLE = OnScreenTitle(kind=TitleKind.TITLE, text="Bees", start_frame=2, end_frame=28)


@pytest.fixture
def spec(studio):
    """A segment of 30 frames with titles, over flat grey."""

    def make(look: Look | None = None, titles: tuple[OnScreenTitle, ...] = (), grey: int = 90) -> SegmentSpec:
        image = studio.picture(np.full((180, 320, 3), grey, np.uint8))
        clip = studio.clip(image, 30).model_copy(update={"titles": titles})
        return studio.spec(clip, size=SIZE).model_copy(update={"look": look or Look()})

    return make


@pytest.fixture
def mark(studio) -> Watermark:
    """A white logo with a clear half."""
    pixels = np.full((64, 128, 4), 255, np.uint8)
    pixels[:, 64:, 3] = 0
    image = studio.picture(pixels)
    return Watermark(image=image, corner=Corner.TOP_LEFT, width_permille=400, opacity_permille=600)


@pytest.fixture
def font(studio, tmp_path: Path) -> FontReference:
    """An own font that came through the door: one that draws Hebrew only."""
    path = tmp_path / "font"
    made = MediaSandbox().normalise_font(FONTS / "NotoSansHebrew-Bold.ttf", path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    studio.images[digest] = path
    asset = AssetReference(
        key=f"accounts/test/assets/{digest}", sha256=digest, size_bytes=made.size_bytes, media_type="font/sfnt"
    )
    return FontReference(asset=asset, family=made.family)


@pytest.mark.parametrize("kind", [kind for kind in TransitionKind if kind is not TransitionKind.CUT])
def test_the_logo_stands_still_over_every_frame_of_a_transition(studio, spec, mark, composed, kind) -> None:
    bare = spec(grey=60)
    clip = bare.clip.model_copy(update={"transition_in": Transition(kind=kind, frames=8)})
    tail = studio.spec(studio.clip(spec(grey=160).clip.image, 30), clip, size=SIZE).before
    bare = bare.model_copy(update={"clip": clip, "before": tail})
    marked = bare.model_copy(update={"look": Look(watermark=mark)})

    without, frames = (composed(SegmentComposer(made, studio.images), SIZE, range(12)) for made in (bare, marked))

    for (plain, *_), (luma, *_) in zip(without, frames, strict=True):
        logo = plain[8:44, 8:44] + (235 - plain[8:44, 8:44].astype(float)) * 0.6
        assert np.abs(luma[8:44, 8:44] - logo).max() <= 1.5
        assert np.array_equal(luma[:, 48:], plain[:, 48:])
        assert np.array_equal(luma[48:], plain[48:])


def test_nothing_is_drawn_where_nothing_was_asked_for(studio, spec, composed) -> None:
    frames = composed(SegmentComposer(spec(Look(accent_colour="#FF0000")), studio.images), SIZE, range(30))
    assert all(len(np.unique(plane)) == 1 for frame in frames for plane in frame)


def test_a_title_goes_on_over_the_border_of_two_segments(studio, spec, composed) -> None:
    whole = spec(titles=(TITLE,))
    second = whole.model_copy(update={"first_frame": 15, "frames": 15})
    for one, other in zip(
        composed(SegmentComposer(whole, studio.images), SIZE, range(10, 30)),
        composed(SegmentComposer(second, studio.images), SIZE, range(10, 30)),
        strict=True,
    ):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_authors_font_draws_what_it_can(studio, spec, font, composed) -> None:
    hebrew = TITLE.model_copy(update={"text": "שלום"})
    own, bundled, latin, latin_bundled = (
        composed(SegmentComposer(spec(look, (title,)), studio.images), SIZE, [15])[0][0]
        for title in (hebrew, TITLE)
        for look in (Look(font=font), Look())
    )
    assert np.array_equal(own, bundled)  # it is the bundled one, through the door
    assert np.array_equal(latin, latin_bundled)  # it has no Latin: the bundled one draws
    assert not np.array_equal(own, latin)


def test_a_font_that_was_not_handed_over_is_named(studio, spec, font) -> None:
    studio.images.pop(font.asset.sha256)
    with pytest.raises(BadAssetError, match=f"font {font.asset.sha256} was not handed over"):
        SegmentComposer(spec(Look(font=font), (TITLE,)), studio.images)


def test_a_child_renders_titles_in_the_authors_font_and_the_logo(
    studio, spec, font, mark, pool, decoded, tmp_path: Path
) -> None:
    made = spec(Look(font=font, watermark=mark), (TITLE.model_copy(update={"text": "שלום Bees"}),))
    (tmp_path / "spec.json").write_text(made.model_dump_json())
    work = RenderSegmentWork(spec=tmp_path / "spec.json", images=studio.images, out=tmp_path / "segment.mp4")

    pool.run("account", work, on_progress=lambda *_: None, deadline_s=60, cancelled=threading.Event())

    frames = decoded(tmp_path / "segment.mp4")
    assert len(frames) == 30
    luma = frames[15][0]
    assert luma[40:100, 90:230].max() > 215  # the title
    assert abs(int(luma[24, 24]) - 180) < 8  # the logo
    assert cv2.countNonZero((frames[0][0][60:] > 150).astype(np.uint8)) == 0
