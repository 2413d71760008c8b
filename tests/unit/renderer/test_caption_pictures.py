"""Burned-in captions on a plain frame, compared with what is computed or drawn by other means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import services.renderer
from services.renderer.pipeline.captions import Captions
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.planes import Planes
from shared.contracts.references import AssetReference, FontReference
from shared.contracts.timeline import CaptionMode, CaptionStyle, CaptionWord, Cue, FrameSize, Rate

FOLDER = Path(services.renderer.__file__).parent / "fonts"
BOLD, RATE = FOLDER / "NotoSans-Bold.ttf", Rate(numerator=30)
WIDE = FrameSize(width=640, height=360)
GREY = 120


def cue_of(text: str, frames_each: int = 10) -> Cue:
    words = tuple(
        CaptionWord(text=word, start_frame=n * frames_each, end_frame=(n + 1) * frames_each)
        for n, word in enumerate(text.split())
    )
    return Cue(start_frame=0, end_frame=frames_each * len(words), text=text, words=words)


def shown(
    cue: Cue, style: CaptionStyle, frames: list[int], size: FrameSize = WIDE, fonts: dict[str, Path] | None = None
) -> list[Planes]:
    """A grey frame with the caption on it, as it looks in each of some frames."""
    captions, result = Captions([cue], style, size, RATE, fonts or {}), []
    for number in frames:
        shapes = [(size.height, size.width), *[(size.height // 2, size.width // 2)] * 2]
        planes = Planes(*(np.full(shape, GREY, np.uint8) for shape in shapes))
        captions.blend(planes, number)
        result.append(planes)
    return result


def bounds(luma: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom edge of what differs from the grey."""
    rows, columns = (np.flatnonzero((luma != GREY).any(axis=axis)) for axis in (1, 0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.mark.parametrize(
    ("size", "letters", "lower"),
    [
        (WIDE, 0.046 * 360, 0.88 * 360),
        (FrameSize(width=1080, height=1920), 0.046 * 1.4 * 1080, None),
        (FrameSize(width=720, height=720), 0.046 * 720, 0.88 * 720),
        (FrameSize(width=576, height=720), 0.046 * 720, 0.88 * 720),
    ],
)
def test_the_box_lies_where_its_style_says(size, letters, lower):
    """Width of the words in their font and 0.42 em on both sides; 1.34 em and 0.14 em above and below."""
    letters = round(letters)
    font = ImageFont.truetype(str(BOLD), letters)
    width = font.getlength("Bees") + font.getlength("fly") + (0.27 + 2 * 0.42) * letters
    bottom = 0.78 * size.height if lower is None else lower + 0.14 * letters
    [planes] = shown(cue_of("Bees fly"), CaptionStyle(mode=CaptionMode.SENTENCE), [3], size)
    expected = ((size.width - width) / 2, bottom - 1.62 * letters, (size.width + width) / 2, bottom)
    assert np.abs(np.array(bounds(planes.y)) - expected).max() <= 2


def test_box_outline_and_letters_are_those_of_a_drawn_reference():
    style = CaptionStyle(
        mode=CaptionMode.SENTENCE,
        size_permille=100,
        text_colour="#40C0F0",
        box_colour="#702010",
        box_opacity_permille=800,
        outline_colour="#FFFFFF",
        outline_permille=8,
    )
    [planes] = shown(cue_of("Bees!"), style, [3])
    left, top, right, bottom = bounds(planes.y)
    assert psnr(planes.y, drawn_luma(left, top, right, bottom)) > 32


def drawn_luma(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """The same, drawn in RGB by Pillow alone."""
    grey = round((GREY - 16) * 255 / 219)
    below = Image.new("RGB", (WIDE.width, WIDE.height), (grey, grey, grey))
    above = below.copy()
    draw = ImageDraw.Draw(above)
    draw.rounded_rectangle((left, top, right - 1, bottom - 1), 0.3 * 36, fill="#702010")
    picture = Image.blend(below, above, 0.8)
    font = ImageFont.truetype(str(BOLD), 36)
    place = ((WIDE.width - font.getlength("Bees!")) / 2, top + (0.14 + 1.02) * 36)
    draw = ImageDraw.Draw(picture)
    draw.text(place, "Bees!", font=font, anchor="ls", fill="#40C0F0", stroke_width=2.88, stroke_fill="#FFFFFF")
    return 16 + np.asarray(picture, float) @ (np.array([0.2126, 0.7152, 0.0722]) * 219 / 255)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / ((one.astype(float) - other) ** 2).mean()))


def test_karaoke_fills_a_word_at_the_speed_at_which_it_is_spoken():
    """The edge of the colour is at most three pixels from where the time puts it, in every frame."""
    style = CaptionStyle(
        mode=CaptionMode.KARAOKE, text_colour="#000000", highlight_colour="#FFFFFF", box_opacity_permille=0
    )
    word = "———————"
    frames = shown(cue_of(word, 40), style, list(range(40)))
    plain = shown(cue_of(word, 40), style.model_copy(update={"mode": CaptionMode.SENTENCE}), [0])[0].y
    whole = np.flatnonzero((frames[-1].y > 200).any(axis=0))
    left, right = whole[0], whole[-1] + 1
    for number, planes in enumerate(frames[4:-1], start=4):
        filled = np.flatnonzero((planes.y.astype(int) - plain > 60).any(axis=0))
        expected = left + (right - left) * (number + 0.5) / 40
        assert filled[-1] + 1 == pytest.approx(expected, abs=3)


def test_a_word_pops_up_and_then_rests():
    style = CaptionStyle(mode=CaptionMode.ONE_WORD, size_permille=110, box_opacity_permille=0, outline_permille=9)
    frames = shown(cue_of("Bees fly"), style, list(range(20)))
    widths = [bounds(planes.y)[2] - bounds(planes.y)[0] for planes in frames]
    assert widths[0] < 0.8 * widths[9]
    assert max(widths[:6]) > widths[9]
    assert all(np.array_equal(frames[6].y, frames[n].y) for n in (7, 8, 9))
    assert not np.array_equal(frames[9].y, frames[19].y)
    assert np.array_equal(frames[19].y, shown(cue_of("Bees fly"), style, [19])[0].y)
    middles = [(bounds(planes.y)[0] + bounds(planes.y)[2]) / 2 for planes in frames[:10]]
    assert np.abs(np.diff(middles)).max() <= 2


def test_a_word_that_pops_up_stays_until_the_next_is_spoken():
    cue = Cue(
        start_frame=0,
        end_frame=40,
        text="Bees fly",
        words=(
            CaptionWord(text="Bees", start_frame=2, end_frame=6),
            CaptionWord(text="fly", start_frame=25, end_frame=30),
        ),
    )
    frames = shown(cue, CaptionStyle(mode=CaptionMode.ONE_WORD), [0, 20, 24, 39, 40])
    seen = [bool((planes.y != GREY).any()) for planes in frames]
    assert seen == [True, True, True, True, False]
    assert np.array_equal(frames[1].y, frames[2].y)


def test_a_plain_caption_is_the_same_in_all_its_frames():
    frames = shown(cue_of("Bees fly home"), CaptionStyle(mode=CaptionMode.SENTENCE), [0, 12, 29])
    assert np.array_equal(frames[0].y, frames[1].y)
    assert np.array_equal(frames[0].y, frames[2].y)


OWN = FontReference(
    asset=AssetReference(
        key=f"accounts/a/assets/{'e' * 64}", sha256="e" * 64, size_bytes=1, media_type="font/ttf"
    ),
    family="Own",
)


def test_an_own_font_is_drawn_with_and_asked_for_by_its_digest():
    cue, style = cue_of("(12) bees"), CaptionStyle(mode=CaptionMode.SENTENCE)
    own = style.model_copy(update={"font": OWN})
    [bundled] = shown(cue, style, [0])
    [drawn] = shown(cue, own, [0], fonts={"e" * 64: FOLDER / "NotoSansDevanagari-Bold.ttf"})
    assert not np.array_equal(bundled.y, drawn.y)


def test_an_own_font_that_was_not_handed_over_is_named():
    with pytest.raises(BadAssetError, match=r"e{64} was not handed over"):
        shown(cue_of("Bees"), CaptionStyle(font=OWN), [0])


def test_a_file_that_is_no_font_is_named(tmp_path):
    (tmp_path / "own").write_bytes(b"no font")
    with pytest.raises(BadAssetError, match=r"e{64} cannot be read"):
        shown(cue_of("Bees"), CaptionStyle(font=OWN), [0], fonts={"e" * 64: tmp_path / "own"})
