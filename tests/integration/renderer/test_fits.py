"""Pictures of another shape than the frame: cut to it, or seen whole over a blurred copy of themselves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.geometry import Box, contained_at
from services.renderer.pipeline.placing import place
from services.renderer.pipeline.planes import Planes
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.timeline import Easing, Fit, FrameSize, Motion, View

WIDE, TALL = FrameSize(width=320, height=180), FrameSize(width=180, height=320)


def contained(studio, image, frames: int = 12, end: int = 1000):
    start, end = (View(zoom_permille=zoom, centre_x_permille=500, centre_y_permille=500) for zoom in (1000, end))
    return studio.clip(image, frames).model_copy(
        update={"fit": Fit.CONTAIN, "motion": Motion(start=start, end=end), "motion_frames": frames}
    )


def drawn(studio, composed, clip, size: FrameSize, numbers=(0,), stills: StillCache | None = None):
    return composed(SegmentComposer(studio.spec(clip, size=size), studio.images, stills), size, numbers)


@pytest.mark.parametrize(
    ("sides", "size", "box"),
    [
        ((90, 180), WIDE, (115, 0, 205, 180)),
        ((270, 180), TALL, (0, 100, 180, 220)),
        ((320, 180), WIDE, (0, 0, 320, 180)),
        ((99, 180), WIDE, (111, 0, 209, 180)),
    ],
)
def test_all_of_the_picture_is_seen_in_the_middle(studio, composed, sides, size, box):
    """A white picture with a black rim: the rim is seen on all four sides of where the picture must lie."""
    width, height = sides
    card = np.full((height, width, 3), 255, np.uint8)
    cv2.rectangle(card, (0, 0), (width - 1, height - 1), (0, 0, 0), 6)
    [(luma, _, _)] = drawn(studio, composed, contained(studio, studio.picture(card)), size)
    left, top, right, bottom = box
    middle = ((top + bottom) // 2, (left + right) // 2)
    assert luma[middle] >= 230
    for row, column in (
        (top + 1, middle[1]),
        (bottom - 2, middle[1]),
        (middle[0], left + 1),
        (middle[0], right - 2),
    ):
        assert luma[row, column] <= 40


def test_around_it_lies_the_same_picture_blurred_and_darker_in_its_own_colours(studio, composed):
    """Upper half orange, lower half blue: so is the ground, without an edge, at little more than half the light."""
    card = np.full((400, 200, 3), (40, 140, 230), np.uint8)
    card[200:] = (200, 90, 30)
    [planes] = drawn(studio, composed, contained(studio, studio.picture(card)), WIDE)
    [whole] = drawn(studio, composed, studio.clip(studio.picture(card), 5), FrameSize(width=128, height=256))
    for plane, full, black, divisor in zip(planes, whole, (16, 128, 128), (1, 2, 2), strict=True):
        for row, of in ((4, 4), (176, 252)):
            light = (float(full[of // divisor, 30]) - black) * 0.58 + black
            assert plane[row // divisor, 20 // divisor] == pytest.approx(light, abs=3)
    ground = planes[0][:, :100].astype(float)
    assert np.abs(np.diff(ground, axis=0)).max() <= 4


def test_a_ground_of_one_shade_is_dithered_not_stepped(studio, composed):
    """A gradient of 10 levels over 320 pixels has no row of the rounded steps that the eye would see."""
    card = np.repeat(np.linspace(60, 78, 320).round().astype(np.uint8)[:, None], 200, 1)
    [(luma, _, _)] = drawn(
        studio,
        composed,
        contained(studio, studio.picture(np.repeat(card[..., None], 3, 2))),
        FrameSize(width=320, height=240),
    )
    rows = luma[40:200, :60].astype(float).mean(axis=1)
    assert np.abs(np.diff(rows)).max() < 0.5
    assert rows[-1] > rows[0] + 1


def test_a_growing_picture_keeps_its_ground_and_grows_by_parts_of_a_pixel(studio, composed):
    """The place of its edge, found from the light of the pixel that it crosses, is on its path to 0.05 px."""
    white = studio.picture(np.full((180, 90, 3), 255, np.uint8))
    clip = contained(studio, white, frames=20, end=1050)
    frames = [planes[0].astype(float) for planes in drawn(studio, composed, clip, WIDE, range(20))]
    assert all(np.array_equal(frame[:, :100], frames[0][:, :100]) for frame in frames)
    ground, measured = frames[0][90, 100:117], 0  # the smallest box begins at 117.1
    for number, luma in enumerate(frames):
        box = contained_at(clip.motion, number, 20, (90, 180), WIDE)
        if box.left > 117:
            continue
        edge = 117 - ((luma[90, 100:117] - ground) / (235 - ground)).sum()
        measured += 1
        assert edge == pytest.approx(box.left, abs=0.05)
    assert measured > 15


@pytest.mark.parametrize("easing", Easing)
def test_a_move_keeps_to_its_easing(easing):
    """Where it is after a quarter of the time: smoothstep(1/4) = 10/64."""
    motion = Motion(
        start=View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500),
        end=View(zoom_permille=2000, centre_x_permille=500, centre_y_permille=500),
        easing=easing,
    )
    quarter = {Easing.LINEAR: 0.25, Easing.SMOOTH: 10 / 64, Easing.GENTLE: (0.25 + 10 / 64) / 2}[easing]
    box = contained_at(motion, 25, 101, (100, 100), FrameSize(width=200, height=200))
    assert box.width == pytest.approx(100 * (1 + quarter))


@pytest.mark.parametrize(
    "box", [(10.25, 20.5, 60.3, 30.7), (0, 0, 128, 96), (3, 5, 50, 40), (-0.0, 1.75, 128.0, 64.5)]
)
def test_a_plain_picture_covers_exactly_its_box_in_every_plane(box):
    """The light that it adds is that of its area, to a thousandth, for chroma as for luma."""
    left, top, width, height = box
    source, backdrop, target = (
        Planes(*(np.full(side, value, np.uint8) for side in ((high, wide), *[(high // 2, wide // 2)] * 2)))
        for high, wide, value in ((60, 80, 220), (96, 128, 20), (96, 128, 99))
    )
    place(source, backdrop, target, Box(left=left, top=top, width=width, height=height))
    for plane, pixels in zip(target, (1, 4, 4), strict=True):
        area = (plane.astype(float) - 20).sum() / 200 * pixels
        assert area == pytest.approx(width * height, rel=0.004)


def test_a_whole_frame_is_placed_as_it_is_filled(studio, composed):
    """Cover and contain are the same for a picture of the frame's shape, to the last corner."""
    image = studio.scenery(3, 320, 180)
    clip = contained(studio, image)
    filled = clip.model_copy(update={"fit": Fit.COVER})
    for a, b in zip(drawn(studio, composed, clip, WIDE)[0], drawn(studio, composed, filled, WIDE)[0], strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1


def test_a_picture_seen_whole_fades_like_any_other(studio, composed):
    image, other = studio.scenery(1, 100, 200), studio.scenery(2)
    clip = contained(studio, image)
    fading = clip.model_copy(update={"transition_in": studio.clip(image, 9, fade=3).transition_in})
    spec = studio.spec(fading, studio.clip(other, 20), size=WIDE)
    [mixed] = composed(SegmentComposer(spec, studio.images), WIDE, [1])
    [alone] = drawn(studio, composed, clip, WIDE, [1])
    [before] = drawn(studio, composed, studio.clip(other, 20).model_copy(update={"frames": 28}), WIDE, [21])
    for plane, a, b in zip(mixed, alone, before, strict=True):
        assert np.abs(plane - (a / 2 + b / 2)).max() <= 1.1


def test_the_ground_is_made_once_and_one_for_another_frame_is_not_taken_for_it(studio, composed):
    stills, image = StillCache(), studio.scenery(1, 100, 200)
    [first] = drawn(studio, composed, contained(studio, image), WIDE, stills=stills)
    kept = stills.kept_bytes
    [again] = drawn(studio, composed, contained(studio, image), WIDE, stills=stills)
    assert stills.kept_bytes == kept
    assert np.array_equal(first[0], again[0])
    [(luma, _, _)] = drawn(
        studio, composed, contained(studio, image), FrameSize(width=640, height=180), stills=stills
    )
    assert luma.shape == (180, 640)
    assert stills.kept_bytes > kept
