"""Libass, which players show ASS files with, draws them where and how our burned-in captions are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import services.renderer
from deploy.local.programs import find_program
from services.renderer.pipeline.captions import Captions
from services.renderer.pipeline.handover.ass import ass
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionMode, CaptionStyle, Cue, FrameSize, Rate

FONTS = Path(services.renderer.__file__).parent / "fonts"
SIZE, FRAMES, GREY = FrameSize(width=640, height=360), 40, 120
OUTLINED = {"size_permille": 70, "box_opacity_permille": 0, "outline_permille": 8}


def shown_by_libass(text: str, folder: Path) -> list[np.ndarray]:
    """Luma of each frame of a grey video with the captions on it."""
    (folder / "captions.ass").write_text(text, encoding="utf-8")
    (folder / "fonts").mkdir()
    for name in ("NotoSans-Bold.ttf", "NotoSansArabic-Bold.ttf"):
        (folder / "fonts" / name).symlink_to(FONTS / name)
    level = f"{round((GREY - 16) * 255 / 219):02x}"
    source = f"color=0x{level * 3}:s={SIZE.width}x{SIZE.height}:r=30,format=yuv420p"
    command = [find_program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", FRAMES]
    command += ["-vf", "ass=captions.ass:fontsdir=fonts", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"]
    raw = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, check=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(FRAMES, SIZE.height * 3 // 2, SIZE.width)
    return [frame[: SIZE.height] for frame in frames]


def burned_in(cue: Cue, style: CaptionStyle, number: int) -> np.ndarray:
    shapes = [(SIZE.height, SIZE.width), *[(SIZE.height // 2, SIZE.width // 2)] * 2]
    planes = Planes(*(np.full(shape, GREY, np.uint8) for shape in shapes))
    Captions([cue], style, SIZE, Rate(numerator=30), {}).blend(planes, number)
    return planes.y


def bounds(mask: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom edge."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize(
    "style",
    [
        CaptionStyle(mode=CaptionMode.SENTENCE),
        CaptionStyle(mode=CaptionMode.SENTENCE, **OUTLINED),
        CaptionStyle(mode=CaptionMode.ONE_WORD, **OUTLINED),
    ],
)
def test_the_letters_lie_where_ours_do(studio, spoken_cue, tmp_path, style):
    cue = spoken_cue("Bees find flowers", 0, 12)
    timeline = studio.timeline([studio.clip(studio.scenery(1), FRAMES, cues=[cue])], caption_style=style)
    theirs = shown_by_libass(ass(timeline.model_copy(update={"size": SIZE})), tmp_path)
    for number in (8, 20, 34):
        letters = [bounds(luma > 200) for luma in (theirs[number], burned_in(cue, style, number))]
        assert np.abs(letters[0] - letters[1]).max() <= 4


def test_karaoke_has_filled_as_much_as_ours(studio, spoken_cue, tmp_path):
    style = CaptionStyle(
        mode=CaptionMode.KARAOKE,
        text_colour="#000000",
        highlight_colour="#FFFFFF",
        outline_colour="#787878",
        **OUTLINED,
    )
    cue = spoken_cue("Bees find flowers", 0, 12)
    timeline = studio.timeline([studio.clip(studio.scenery(1), FRAMES, cues=[cue])], caption_style=style)
    theirs = shown_by_libass(ass(timeline.model_copy(update={"size": SIZE})), tmp_path)
    whole = int((burned_in(cue, style, FRAMES - 5) > 200).sum())
    for number in (5, 12, 20, 30):
        filled = [int((luma > 200).sum()) / whole for luma in (theirs[number], burned_in(cue, style, number))]
        assert filled[0] == pytest.approx(filled[1], abs=0.06)


def test_arabic_words_take_their_colour_from_the_right(studio, spoken_cue, tmp_path):
    style = CaptionStyle(
        mode=CaptionMode.KARAOKE,
        text_colour="#000000",
        highlight_colour="#FFFFFF",
        outline_colour="#787878",
        **OUTLINED,
    )
    cue = spoken_cue("النحل يرى الضوء", 0, 12)
    timeline = studio.timeline([studio.clip(studio.scenery(1), FRAMES, cues=[cue])], caption_style=style)
    theirs = shown_by_libass(ass(timeline.model_copy(update={"size": SIZE})), tmp_path)
    words = []
    for number in (12, 24):
        white, black = (bounds(mask) for mask in (theirs[number] > 200, theirs[number] < 40))
        assert white[0] > black[2]
        words.append(white[0])
    assert words[1] < words[0]
    assert not (theirs[38] < 40).any()
