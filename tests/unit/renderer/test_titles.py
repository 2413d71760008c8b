"""Titles and lower thirds: readable on any picture, inside the safe area, clear of captions and of each other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.renderer.pipeline.caption_layout import captions_top
from services.renderer.pipeline.fonts import Face
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Planes
from services.renderer.pipeline.text_block import Align, Room, set_text
from services.renderer.pipeline.title_layout import ThirdPlace, TitlePlace, place_third, place_title
from services.renderer.pipeline.titles import Titles
from shared.contracts.look import Look
from shared.contracts.timeline import CaptionStyle, FrameSize, OnScreenTitle, Rate, TitleKind
from shared.media.cmap import characters_of
from shared.safe_area import safe_area

RATE = Rate(numerator=30)
WIDE = FrameSize(width=640, height=360)
SIZES = [
    FrameSize(width=width, height=height)
    for width, height in (
        (1920, 1080),
        (1080, 1920),
        (1080, 1080),
        (1080, 1350),
        (320, 180),
        (3840, 2160),
        (128, 128),
    )
]
TEXTS = {
    "short": "Bees",
    "long": "A title that goes on and on about bees, butterflies and hoverflies in meadows, gardens and mountains",
    "one word": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "Hindi": "विद्यार्थी क्षत्रिय फूल कैसे खोजते हैं",
    "Arabic": "كيف تجد النحلة الأزهار في الحقول البعيدة",
    "Chinese": "蜜蜂如何寻找花朵以及它们如何记住气味和颜色的秘密故事",
    "emoji": "Bees 🐝 and flowers 🌸",
}


def title(
    text: str = "Bees", detail: str = "", kind: TitleKind = TitleKind.TITLE, end: int = 120
) -> OnScreenTitle:
    return OnScreenTitle(kind=kind, text=text, detail=detail, start_frame=10, end_frame=end)


def third(text: str = "Amelia Hartwood", detail: str = "Ecologist") -> OnScreenTitle:
    return title(text, detail, TitleKind.LOWER_THIRD)


def ground(rgb: tuple[int, int, int], size: FrameSize = WIDE) -> Planes:
    y, u, v = (round(value) for value in YUV_FROM_RGB @ np.array(rgb) + YUV_OFFSET)
    return Planes(
        y=np.full((size.height, size.width), y, np.uint8),
        u=np.full((size.height // 2, size.width // 2), u, np.uint8),
        v=np.full((size.height // 2, size.width // 2), v, np.uint8),
    )


def drawn(
    shown: OnScreenTitle, frame: int = 60, rgb: tuple[int, int, int] = (128, 128, 128), look: Look | None = None
) -> Planes:
    planes = ground(rgb)
    Titles((shown,), look or Look(), CaptionStyle(), WIDE, RATE, {}).blend(planes, frame)
    return planes


def box_of(place: TitlePlace | ThirdPlace, size: FrameSize) -> tuple[float, float, float, float]:
    """Left, upper, right and lower edge of all that is seen of it, but for its scrim."""
    if isinstance(place, ThirdPlace):
        bar, panel = place.bar, place.panel
        return min(bar[0], panel[0]), panel[1], max(bar[2], panel[2]), panel[3]
    half = max(place.text.width, place.detail.width) / 2
    return size.width / 2 - half, place.text_top, size.width / 2 + half, place.bottom


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size.width}x{size.height}")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_leaves_the_safe_area_or_meets_a_caption_or_another_title(size: FrameSize, text: str) -> None:
    captions, area = CaptionStyle(), safe_area(size)

    upper = box_of(place_title(title(text, text[:80]), size, captions, None), size)
    lower = box_of(place_third(third(text, text[:80]), size, captions, None), size)

    for left, top, right, bottom in (upper, lower):
        assert area.left - 2 <= left <= right <= area.right + 2
        assert area.top <= top <= bottom
    assert upper[3] <= lower[1] + 1
    assert lower[3] <= captions_top(captions, size)


@pytest.mark.parametrize("baseline", [150, 300, 450, 600, 750, 980])
def test_titles_make_way_for_captions_wherever_these_are(baseline: int) -> None:
    size, captions = FrameSize(width=1920, height=1080), CaptionStyle(baseline_permille=baseline)
    upper, lower = captions_top(captions, size), size.height * baseline / 1000

    for place in (
        place_title(title(TEXTS["long"], "A map"), size, captions, None),
        place_third(third(), size, captions, None),
    ):
        _, top, _, bottom = box_of(place, size)
        assert bottom <= upper or top >= lower
        assert safe_area(size).top <= top
        assert bottom <= safe_area(size).bottom


def test_without_captions_a_lower_third_stands_lower() -> None:
    size = FrameSize(width=1920, height=1080)
    with_captions, without = (
        place_third(third(), size, CaptionStyle(burn_in=burned), None).panel[3] for burned in (True, False)
    )
    assert without == pytest.approx(safe_area(size).bottom, abs=2)
    assert with_captions < without


def test_text_that_runs_from_right_to_left_stands_on_the_right() -> None:
    size = FrameSize(width=1920, height=1080)
    place = place_third(third("أميليا هارتوود", "عالمة بيئة"), size, CaptionStyle(), None)
    assert place.bar[2] == pytest.approx(safe_area(size).right, abs=2)
    assert place.panel[2] == place.bar[0]
    assert place.text_x + place.text.width == pytest.approx(place.detail_x + place.detail.width)


def test_a_lower_third_looks_as_if_it_was_drawn_over_the_picture() -> None:
    """Against panel, bar and text drawn by Pillow in RGB at the places of the layout."""
    look = Look(text_colour="#F0F0FF", accent_colour="#20C040", panel_colour="#302010")
    place = place_third(third(), WIDE, CaptionStyle(), None)

    planes = drawn(third(), look=look)

    under = Image.new("RGB", (640, 360), (128, 128, 128))
    panel = Image.new("RGB", (640, 360), look.panel_colour)
    left, top, right, bottom = place.panel
    shape = Image.new("L", (640, 360))
    ImageDraw.Draw(shape).rectangle((left, top, right - 1, bottom - 1), fill=round(0.88 * 255))
    picture = Image.composite(panel, under, shape)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((place.bar[0], place.bar[1], place.bar[2] - 1, place.bar[3] - 1), fill=look.accent_colour)
    for block, x, y, colour in (
        (place.text, place.text_x, place.text_y, look.text_colour),
        (place.detail, place.detail_x, place.detail_y, look.accent_colour),
    ):
        for run in block.runs:
            font = ImageFont.truetype(str(run.run.face.path), block.size, layout_engine=ImageFont.Layout.RAQM)
            draw.text((x + run.x, y + run.baseline), run.run.text, font=font, fill=colour, anchor="ls")
    expected = np.asarray(picture, np.float64) @ YUV_FROM_RGB.T + YUV_OFFSET
    assert np.abs(planes.y - expected[..., 0]).max() <= 2
    for plane, channel in ((planes.u, 1), (planes.v, 2)):
        inside = plane[top // 2 + 1 : bottom // 2 - 1, place.bar[0] // 2 + 1]
        assert np.abs(inside - expected[place.bar[1], place.bar[0], channel]).max() <= 2


def test_a_title_is_drawn_in_its_colour_over_the_line_of_accent() -> None:
    look = Look(text_colour="#FFFFFF", accent_colour="#FF2020")
    place = place_title(title(), WIDE, CaptionStyle(), None)

    planes = drawn(title(), look=look)

    letters = planes.y[round(place.text_top) : round(place.text_top + place.text.height)]
    assert letters.max() >= 233  # white
    left, top, right, bottom = (round(edge) for edge in place.rule)
    colour = YUV_FROM_RGB @ np.array([255, 32, 32]) + YUV_OFFSET
    assert planes.y[(top + bottom) // 2, (left + right) // 2] == pytest.approx(colour[0], abs=12)
    assert planes.v[(top + bottom) // 4, (left + right) // 4] > 190


@pytest.mark.parametrize("rgb", [(255, 255, 255), (250, 240, 90), (128, 128, 128), (0, 0, 0)])
def test_a_title_can_be_read_on_any_picture(rgb: tuple[int, int, int]) -> None:
    """WCAG 2.2, 1.4.3: contrast of at least 4.5 : 1 between the letters and what lies around them."""
    place = place_title(title("HHHHH"), WIDE, CaptionStyle(), None)

    y = drawn(title("HHHHH"), rgb=rgb).y.astype(float)

    middle = round(place.text_top + place.text.runs[0].baseline - place.text.size * 0.2)
    row = y[middle, round(320 - place.text.width / 2) : round(320 + place.text.width / 2)]
    letter, around = np.percentile(row, 95), row.min()
    assert (luminance(letter) + 0.05) / (luminance(around) + 0.05) >= 4.5


def luminance(y: float) -> float:
    """Of a grey in limited range (WCAG's formula for sRGB)."""
    return float(((y - 16) / 219) ** 2.2)


def test_nothing_is_drawn_before_and_after_its_time() -> None:
    for shown in (title(), third()):
        for frame in (0, 9, 120, 500):
            assert all(np.array_equal(a, b) for a, b in zip(drawn(shown, frame), ground((128,) * 3), strict=True))
        assert not np.array_equal(drawn(shown, 11).y, ground((128,) * 3).y)
        assert not np.array_equal(drawn(shown, 119).y, ground((128,) * 3).y)


def test_a_title_comes_softly_and_goes_softly() -> None:
    """No frame differs from the one before it by more than a fifth of the whole; it stands still in between."""
    empty = ground((128,) * 3).y.astype(float)
    presence = [np.abs(drawn(title(), frame).y - empty).sum() for frame in range(9, 121)]
    whole = max(presence)
    assert all(abs(after - before) < whole / 5 for before, after in pairwise(presence))
    assert len(set(presence[20:95])) == 1
    rising = presence[: presence.index(whole)]
    assert rising == sorted(rising)


def test_a_lower_third_slides_out_from_behind_its_bar() -> None:
    place = place_third(third(), WIDE, CaptionStyle(), None)
    row, edges = (place.panel[1] + place.panel[3]) // 2, []
    for frame in range(10, 40):
        planes = drawn(third(), frame)
        changed = np.flatnonzero(planes.y[row] != ground((128,) * 3).y[row])
        edges.append(int(changed.max()) + 1 if len(changed) else 0)
        assert not len(changed) or changed.min() >= place.bar[0]
    assert edges == sorted(edges)
    assert edges[-1] == place.panel[2]
    assert len(set(edges)) >= 8


def test_equal_frames_are_equal_whatever_was_drawn_before() -> None:
    both = Titles((title(), third()), Look(), CaptionStyle(), WIDE, RATE, {})
    first, again = ground((90, 90, 90)), ground((90, 90, 90))
    for frame in (5, 20, 50, 119):
        both.blend(ground((0, 0, 0)), frame)
    both.blend(first, 15)
    Titles((title(), third()), Look(), CaptionStyle(), WIDE, RATE, {}).blend(again, 15)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_title_of_few_frames_still_comes_and_goes() -> None:
    for end in (11, 12, 15):
        for shown in (title(end=end), third().model_copy(update={"end_frame": end})):
            assert not np.array_equal(drawn(shown, 10).y, ground((128,) * 3).y)


def test_the_authors_font_is_asked_before_the_bundled_ones() -> None:
    path = Path(__file__).parents[3] / "services" / "renderer" / "fonts" / "NotoSansHebrew-Bold.ttf"
    own = Face(path=path, characters=characters_of(path))
    room = Room(width=900, height=300, lines=2, size=40, least_size=30)
    block = set_text("Bees שלום", room, own, Align.MIDDLE)
    assert {run.run.face.name for run in block.runs} == {"NotoSans-Bold.ttf", "NotoSansHebrew-Bold.ttf"}
    assert any(run.run.face is own for run in block.runs)


def test_characters_that_no_font_has_are_reported() -> None:
    titles = Titles((title("a\U000f0000"),), Look(), CaptionStyle(), WIDE, RATE, {})
    titles.blend(ground((0, 0, 0)), 30)
    assert titles.missing == {"\U000f0000"}
