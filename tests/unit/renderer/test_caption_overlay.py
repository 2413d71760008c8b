"""A caption put together from parts of two pictures is the caption drawn as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.caption_layout import CaptionLayout, PlacedWord, lay_out
from services.renderer.pipeline.caption_modes import FilledCaption
from services.renderer.pipeline.caption_overlay import Overlay
from services.renderer.pipeline.caption_words import shown_words, timed_words
from services.renderer.pipeline.planes import Planes
from shared.contracts.timeline import CaptionMode, CaptionStyle, CaptionWord, Cue, FrameSize

FRAME = FrameSize(width=640, height=360)
TEXTS = ["Bees fly, by 🐝 colour", "if W j", "नमस्ते दुनिया यह", "مرحبا بكم في الحديقة", "One two " * 9]
STYLES = [
    CaptionStyle(size_permille=46),
    CaptionStyle(size_permille=83, box_opacity_permille=0, outline_permille=8),
    CaptionStyle(size_permille=46, box_opacity_permille=0),
]


def cue_of(text: str) -> Cue:
    spoken = tuple(
        CaptionWord(text=word, start_frame=10 * n, end_frame=10 * n + 10) for n, word in enumerate(text.split())
    )
    return Cue(start_frame=0, end_frame=10 * len(spoken) + 10, text=text, words=spoken)


def frame_planes() -> Planes:
    random = np.random.default_rng(1)
    shapes = [(FRAME.height, FRAME.width), *[(FRAME.height // 2, FRAME.width // 2)] * 2]
    return Planes(*(random.integers(16, 236, shape, np.uint8) for shape in shapes))


def blended(overlay: Overlay) -> list[np.ndarray]:
    """A noisy frame with the overlay on it."""
    planes = frame_planes()
    overlay.blend(planes)
    return list(planes)


def overlay_of(layout: CaptionLayout, style: CaptionStyle, colour: str) -> Overlay:
    [canvas] = Canvas.ground(layout, style).lettered(colour)
    return Overlay.of(canvas, layout.x, layout.y)


def take_all(target: Overlay, source: Overlay, words: Sequence[PlacedWord | None]) -> None:
    for word in words:
        if word is not None:
            left, top, right, bottom = word.cell
            target.take(source, (left, right), (top, bottom))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("style", STYLES)
def test_all_words_taken_over_make_the_other_caption(text, style):
    """The words' cells cover all of the caption that differs, and each only once."""
    layout = lay_out(shown_words(cue_of(text)), style, FRAME)
    plain, coloured = (overlay_of(layout, style, colour) for colour in ("#FFFFFF", "#FFD23F"))
    mixed = plain.copy()
    take_all(mixed, coloured, layout.words[1:])
    assert not all(map(np.array_equal, blended(mixed), blended(coloured)))
    take_all(mixed, coloured, layout.words[:1])
    assert all(map(np.array_equal, blended(mixed), blended(coloured)))
    assert not all(map(np.array_equal, blended(plain), blended(coloured)))


def test_a_part_of_a_column_is_mixed():
    layout = lay_out(shown_words(cue_of("Bees")), STYLES[0], FRAME)
    plain, coloured = (overlay_of(layout, STYLES[0], colour) for colour in ("#000000", "#FFFFFF"))
    areas = []
    for right in (20.0, 20.25, 20.5, 20.75, 21.0, 22.0):
        mixed = plain.copy()
        mixed.take(coloured, (4.0, right), (0, layout.height))
        areas.append(int(blended(mixed)[0].astype(int).sum() - blended(plain)[0].astype(int).sum()))
    steps = np.diff(areas)
    assert areas == sorted(areas)
    assert steps[:4].max() - steps[:4].min() <= 40


@pytest.mark.parametrize("text", TEXTS)
def test_karaoke_fills_in_the_direction_of_reading_and_stays_filled(text):
    """Frame by frame the same as drawn anew, never less of it filled, at the end all."""
    style = CaptionStyle(mode=CaptionMode.KARAOKE, text_colour="#000000", highlight_colour="#FFFFFF")
    cue = cue_of(text)
    words = timed_words(cue)
    layout = lay_out(words, style, FRAME)
    caption, filled = FilledCaption(words, layout, style), []
    for number in range(0, cue.end_frame, 4):
        planes, again = frame_planes(), frame_planes()
        caption.blend(planes, number)
        FilledCaption(words, layout, style).blend(again, number)
        assert all(map(np.array_equal, planes, again))
        filled.append(int(planes.y.astype(int).sum()))
    assert filled == sorted(filled)
    assert len(set(filled)) > len(cue.words) * 1.5
    whole = blended(overlay_of(layout, style, "#FFFFFF"))
    assert all(map(np.array_equal, planes, whole))


@pytest.mark.parametrize(("text", "side"), [("Bees", -1), ("النحل", 1)])
def test_half_a_word_is_filled_from_its_first_letter(text, side):
    style = CaptionStyle(mode=CaptionMode.KARAOKE, text_colour="#000000", highlight_colour="#FFFFFF")
    words = timed_words(cue_of(text))
    layout = lay_out(words, style, FRAME)
    planes, bare = frame_planes(), blended(overlay_of(layout, style, "#000000"))
    FilledCaption(words, layout, style).blend(planes, 5)
    columns = np.flatnonzero((planes.y != bare[0]).any(axis=0))
    assert columns.size
    assert np.sign(columns.mean() - FRAME.width / 2) == side
    assert abs(columns.mean() - FRAME.width / 2) > 2
