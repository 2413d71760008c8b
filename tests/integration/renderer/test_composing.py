"""What a composed frame looks like: colours, motion, transitions, captions."""

from __future__ import annotations

import numpy as np
import pytest

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.geometry import visible_at
from services.renderer.pipeline.segment import render_segment
from shared.contracts.timeline import CaptionStyle, FrameSize, Motion, View

PATCHES_RGB = [
    (255, 255, 255),
    (0, 0, 0),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (152, 71, 72),
    (20, 200, 120),
    (128, 128, 128),
]


def patch_card(size: int = 256) -> np.ndarray:
    """Two rows of four plain patches, BGR."""
    rows = [
        np.hstack([np.full((size // 2, size // 4, 3), c[::-1], np.uint8) for c in PATCHES_RGB[r : r + 4]])
        for r in (0, 4)
    ]
    return np.vstack(rows)


def patch_centres(plane: np.ndarray) -> list[int]:
    height, width = plane.shape
    return [
        int(plane[height * (2 * row + 1) // 4, width * (2 * column + 1) // 8])
        for row in (0, 1)
        for column in range(4)
    ]


def limited_range_bt709(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    """ITU-R BT.709-6, written out by hand."""
    red, green, blue = (value / 255 for value in rgb)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748


def standing(zoom: int = 1000) -> Motion:
    view = View(zoom_permille=zoom, centre_x_permille=500, centre_y_permille=500)
    return Motion(start=view, end=view)


def test_colour_patches_have_their_bt709_values(studio, composed):
    clip = studio.clip(studio.picture(patch_card()), 1).model_copy(update={"motion": standing()})
    [planes] = composed(SegmentComposer(studio.spec(clip), studio.images), studio.size, [0])
    expected = [limited_range_bt709(rgb) for rgb in PATCHES_RGB]
    for number, plane in enumerate(planes):
        assert np.abs(np.array(patch_centres(plane)) - [values[number] for values in expected]).max() <= 1


def test_colour_patches_survive_encoding_within_two_levels(studio, decoded, tmp_path):
    clip = studio.clip(studio.picture(patch_card()), 8).model_copy(update={"motion": standing()})
    render_segment(studio.spec(clip), studio.images, tmp_path / "out.mp4", lambda done, total: None)
    expected = [limited_range_bt709(rgb) for rgb in PATCHES_RGB]
    for planes in decoded(tmp_path / "out.mp4"):
        for number, plane in enumerate(planes):
            assert np.abs(np.array(patch_centres(plane)) - [v[number] for v in expected]).max() <= 2


def test_the_camera_moves_smoothly_below_a_pixel(studio, composed):
    """Dots on a card are found at most 0.02 px rms from where the camera's path puts them."""
    size, dots = FrameSize(width=640, height=360), [(300, 200), (480, 300), (640, 360), (420, 170), (560, 240)]
    y, x = np.mgrid[0:540, 0:960]
    card = sum(200 * np.exp(-((x - dx) ** 2 + (y - dy) ** 2) / 18) for dx, dy in dots)
    clip = studio.clip(studio.picture(np.repeat(card[..., None], 3, 2).round().astype(np.uint8)), 40)
    path = Motion(
        start=View(zoom_permille=1050, centre_x_permille=480, centre_y_permille=515),
        end=View(zoom_permille=1250, centre_x_permille=530, centre_y_permille=470),
    )
    clip = clip.model_copy(update={"motion": path})
    spec = studio.spec(clip, size=size)
    frames = composed(SegmentComposer(spec, studio.images), size, range(40))
    errors = np.array([found_dots(planes[0], clip, n, size, dots) for n, planes in enumerate(frames)])
    steps = np.diff(errors, axis=0)
    assert np.sqrt((steps**2).mean()) <= 0.02
    assert np.abs(errors).max() < 0.1


def found_dots(luma: np.ndarray, clip, number: int, size: FrameSize, dots) -> list[tuple[float, float]]:
    """How far each dot's centre of brightness lies from where the visible rectangle puts it."""
    visible = visible_at(clip.motion, number, clip.motion_frames, (960, 540), size)
    scale, result = size.width / visible.width, []
    for dot_x, dot_y in dots:
        ideal_x = (dot_x + 0.5 - visible.left) * scale - 0.5
        ideal_y = (dot_y + 0.5 - visible.top) * scale - 0.5
        left, top = round(ideal_x) - 12, round(ideal_y) - 12
        window = luma[top : top + 25, left : left + 25].astype(float) - 16
        window[window < 3] = 0
        rows, columns = np.mgrid[top : top + 25, left : left + 25]
        result.append(
            ((window * columns).sum() / window.sum() - ideal_x, (window * rows).sum() / window.sum() - ideal_y)
        )
    return result


def test_a_crossfade_mixes_both_clips_and_belongs_to_the_incoming_one(studio, composed):
    outgoing, incoming = studio.clip(studio.scenery(1), 20), studio.clip(studio.scenery(2), 20, fade=4)
    alone_out = outgoing.model_copy(update={"frames": 28})
    mixed = composed(SegmentComposer(studio.spec(incoming, outgoing), studio.images), studio.size, range(6))
    first = composed(SegmentComposer(studio.spec(alone_out), studio.images), studio.size, range(20, 26))
    plain = incoming.model_copy(update={"transition_in": studio.clip(incoming.image, 1).transition_in})
    second = composed(SegmentComposer(studio.spec(plain), studio.images), studio.size, range(6))
    for number in range(4):
        share = (number + 1) / 5
        expected = second[number][0] * share + first[number][0] * (1 - share)
        assert np.abs(mixed[number][0] - expected).max() <= 1
    assert np.array_equal(mixed[4][0], second[4][0])


def test_the_end_of_the_motion_is_reached_and_held(studio, composed):
    clip = studio.clip(studio.scenery(1), 20).model_copy(update={"motion_frames": 10})
    frames = composed(SegmentComposer(studio.spec(clip), studio.images), studio.size, [8, 9, 10, 19])
    assert not np.array_equal(frames[0][0], frames[1][0])
    assert np.array_equal(frames[1][0], frames[2][0])
    assert np.array_equal(frames[1][0], frames[3][0])


def test_a_caption_changes_only_its_box_and_only_while_it_is_seen(studio, composed, spoken_cue):
    image = studio.scenery(1)
    bare = SegmentComposer(studio.spec(studio.clip(image, 40)), studio.images)
    captioned = SegmentComposer(
        studio.spec(studio.clip(image, 40, cues=[spoken_cue("Bees find flowers", 10, 5)])), studio.images
    )
    numbers = [9, 10, 24, 25]
    pairs = zip(composed(bare, studio.size, numbers), composed(captioned, studio.size, numbers), strict=True)
    changed = [plain[0] != shown[0] for plain, shown in pairs]
    assert [bool(where.any()) for where in changed] == [False, True, True, False]
    rows = np.flatnonzero(changed[1].any(axis=1))
    assert rows.min() > studio.size.height * 0.6
    assert rows.max() < studio.size.height * 0.92


def test_the_spoken_word_is_highlighted_and_no_other(studio, composed, spoken_cue):
    """Yellow (low U) wanders from left to right, once for each word."""
    grey = studio.picture(np.full((128, 128, 3), 90, np.uint8))
    clip = studio.clip(grey, 15, cues=[spoken_cue("one two six", 0, 5)])
    frames = composed(SegmentComposer(studio.spec(clip), studio.images), studio.size, [2, 7, 12])
    yellow = [np.clip(110.0 - planes[1], 0, None).sum(axis=0) for planes in frames]
    centres = [np.average(np.arange(len(columns)), weights=columns) for columns in yellow]
    assert centres[0] < centres[1] - 5
    assert centres[1] < centres[2] - 5


def test_captions_that_are_not_burned_in_leave_the_picture_alone(studio, composed, spoken_cue):
    spec = studio.spec(studio.clip(studio.scenery(1), 5, cues=[spoken_cue("Bees", 0, 5)]))
    hidden = spec.model_copy(update={"caption_style": CaptionStyle(burn_in=False)})
    bare = spec.model_copy(update={"clip": spec.clip.model_copy(update={"cues": ()})})
    frames = [composed(SegmentComposer(s, studio.images), studio.size, [2])[0][0] for s in (hidden, bare)]
    assert np.array_equal(*frames)


def test_characters_without_a_glyph_are_left_out_and_reported(studio, spoken_cue, tmp_path):
    clip = studio.clip(studio.scenery(1), 4, cues=[spoken_cue("Bees ᚠᚢ fly", 0, 1)])
    report = render_segment(studio.spec(clip), studio.images, tmp_path / "out.mp4", lambda done, total: None)
    assert report.missing_glyphs == ("U+16A0", "U+16A2")


def test_a_caption_of_unknown_characters_only_draws_nothing(studio, composed, spoken_cue):
    image = studio.scenery(1)
    frames = [
        composed(SegmentComposer(studio.spec(studio.clip(image, 4, cues=cues)), studio.images), studio.size, [1])[
            0
        ]
        for cues in ([spoken_cue("ᚠᚢ", 0, 4)], [])
    ]
    assert np.array_equal(frames[0][0], frames[1][0])


@pytest.mark.parametrize("size", [(4000, 300), (300, 2000), (8, 8), (129, 131)])
def test_pictures_of_any_shape_fill_the_frame(studio, composed, size):
    """A plain picture stays plain up to the frame's edges."""
    clip = studio.clip(studio.picture(np.full((size[1], size[0], 3), (40, 160, 90), np.uint8)), 3)
    [planes] = composed(SegmentComposer(studio.spec(clip), studio.images), studio.size, [1])
    assert all(int(plane.max()) - int(plane.min()) <= 1 for plane in planes)


def test_detail_finer_than_the_frame_becomes_an_even_grey(studio, composed):
    """A large picture of single black and white pixels must not shimmer in rings while the camera moves."""
    rows, columns = np.mgrid[0:1500, 0:1500]
    board = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[..., None], 3, 2)
    clip = studio.clip(studio.picture(board), 10)
    for planes in composed(SegmentComposer(studio.spec(clip), studio.images), studio.size, [0, 5, 9]):
        assert int(planes[0].max()) - int(planes[0].min()) <= 12


def test_a_picture_of_another_size_than_stated_is_refused_by_name(studio, composed):
    image = studio.scenery(1).model_copy(update={"width": 321})
    with pytest.raises(BadAssetError, match=f"{image.asset.sha256} is 320x240, not 321x240"):
        composed(SegmentComposer(studio.spec(studio.clip(image, 1)), studio.images), studio.size, [0])


@pytest.mark.parametrize("damage", [b"", b"no picture"])
def test_a_file_that_is_no_picture_is_refused_by_name(studio, composed, damage):
    image = studio.scenery(1)
    studio.images[image.asset.sha256].write_bytes(damage)
    with pytest.raises(BadAssetError, match=f"{image.asset.sha256} cannot be decoded"):
        composed(SegmentComposer(studio.spec(studio.clip(image, 1)), studio.images), studio.size, [0])


def test_a_picture_that_was_not_handed_over_is_named(studio, composed):
    image = studio.scenery(1)
    with pytest.raises(BadAssetError, match=image.asset.sha256):
        composed(SegmentComposer(studio.spec(studio.clip(image, 1)), {}), studio.size, [0])
