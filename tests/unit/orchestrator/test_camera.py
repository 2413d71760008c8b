"""Where the camera goes: the author's way, or one that the picture asks for; what must be seen always is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.domain.motion import FACE, motion_for
from shared.contracts.references import AssetReference, ImageReference, Point
from shared.contracts.revisions import Camera, Focus, SlideLook
from shared.contracts.timeline import Fit, FrameSize, View

WIDE, TALL = FrameSize(width=1920, height=1080), FrameSize(width=1080, height=1920)


def picture(width: int, height: int, *, interest: Point | None = None, seed: int = 0) -> ImageReference:
    sha256 = f"{seed:04x}" * 16
    asset = AssetReference(key="accounts/a/p", sha256=sha256, size_bytes=1, media_type="image/png")
    return ImageReference(asset=asset, width=width, height=height, interest=interest)


def seen(view: View, image: ImageReference, size: FrameSize) -> tuple[float, float, float, float]:
    """Left, top, right and lower edge of what is visible [px of the picture], as the renderer has it."""
    scale = min(image.width / size.width, image.height / size.height) * 1000 / view.zoom_permille
    width, height = size.width * scale, size.height * scale
    left = min(max(0, image.width * view.centre_x_permille / 1000 - width / 2), image.width - width)
    top = min(max(0, image.height * view.centre_y_permille / 1000 - height / 2), image.height - height)
    return left, top, left + width, top + height


def centre_x(view: View, image: ImageReference) -> float:
    left, _, right, _ = seen(view, image, WIDE)
    return (left + right) / 2 / image.width


@given(
    x=st.integers(0, 1000),
    y=st.integers(0, 1000),
    camera=st.sampled_from(Camera),
    sides=st.tuples(st.integers(100, 4000), st.integers(100, 4000)),
    size=st.sampled_from([WIDE, TALL, FrameSize(width=1080, height=1080), FrameSize(width=3840, height=1600)]),
    seconds=st.floats(0.1, 120),
    is_guess=st.booleans(),
)
def test_a_face_at_the_focus_is_never_cut(x, y, camera, sides, size, seconds, is_guess) -> None:
    """Room of a fifth of the frame's height on each side, but for the picture's own edges."""
    point = Point(x_permille=x, y_permille=y)
    image = picture(*sides, interest=point if is_guess else Point(x_permille=1000 - x, y_permille=0))
    look = SlideLook(camera=camera, focus=None if is_guess else Focus(x_permille=x, y_permille=y))
    motion = motion_for(image, look, size, seconds)
    for view in (motion.start, motion.end):
        left, top, right, bottom = seen(view, image, size)
        room = FACE * min(bottom - top, 2 * (right - left))
        slack = max(sides) / 1000  # views are stored in thousandths
        across, down = x / 1000 * image.width, y / 1000 * image.height
        assert left <= max(0, across - room) + slack
        assert right >= min(image.width, across + room) - slack
        assert top <= max(0, down - room) + slack
        assert bottom >= min(image.height, down + room) - slack


def test_hold_stands_still_with_the_focus_in_the_middle_as_far_as_the_picture_goes() -> None:
    image = picture(1000, 3000)
    motion = motion_for(image, SlideLook(camera=Camera.HOLD, focus=Focus(x_permille=500, y_permille=300)), WIDE, 5)
    assert motion.start == motion.end
    _, top, _, bottom = seen(motion.start, image, WIDE)
    assert (top + bottom) / 2 == pytest.approx(900, abs=3)


def test_zooming_in_ends_closer_and_nearer_to_the_focus_and_zooming_out_is_its_reverse() -> None:
    image, focus = picture(1920, 1080), Focus(x_permille=700, y_permille=400)
    inwards = motion_for(image, SlideLook(camera=Camera.ZOOM_IN, focus=focus), WIDE, 5)
    outwards = motion_for(image, SlideLook(camera=Camera.ZOOM_OUT, focus=focus), WIDE, 5)
    assert inwards.end.zoom_permille > inwards.start.zoom_permille + 100
    assert centre_x(inwards.end, image) > centre_x(inwards.start, image) + 0.02
    assert (outwards.start, outwards.end) == (inwards.end, inwards.start)


def test_left_to_itself_the_camera_goes_towards_what_lies_aside() -> None:
    """Whatever the file's chance says."""
    for seed in range(20):
        image = picture(1920, 1080, interest=Point(x_permille=750, y_permille=500), seed=seed * 977)
        motion = motion_for(image, SlideLook(), WIDE, 5)
        assert motion.end.zoom_permille > motion.start.zoom_permille
        assert centre_x(motion.end, image) > centre_x(motion.start, image)


def test_pictures_that_ask_for_nothing_move_in_different_ways() -> None:
    motions = {
        motion_for(picture(1920, 1080, seed=seed * 977), SlideLook(), WIDE, 5).model_dump_json()
        for seed in range(40)
    }
    assert len(motions) >= 8


def test_a_portrait_in_a_landscape_is_panned_and_ends_at_what_matters() -> None:
    image = picture(1080, 1920, interest=Point(x_permille=500, y_permille=250))
    motion = motion_for(image, SlideLook(), WIDE, 4)
    start, end = seen(motion.start, image, WIDE), seen(motion.end, image, WIDE)
    assert motion.start.zoom_permille == motion.end.zoom_permille
    assert (start[0], start[2]) == (end[0], end[2]) == (0, 1080)
    assert abs(start[1] - end[1]) > 40
    assert (end[1] + end[3]) / 2 == pytest.approx(480 - 0.25 * 607.5 * (1 - 607.5 / 1920), abs=5)


def test_an_authors_focus_is_the_middle_and_a_guess_has_room_for_a_head_above_it() -> None:
    point = {"x_permille": 500, "y_permille": 500}
    own = motion_for(picture(1080, 1920), SlideLook(focus=Focus(**point), camera=Camera.HOLD), WIDE, 4)
    guess = motion_for(picture(1080, 1920, interest=Point(**point)), SlideLook(camera=Camera.HOLD), WIDE, 4)
    assert own.start.centre_y_permille == 500
    assert 430 < guess.start.centre_y_permille < 460


@pytest.mark.parametrize("seconds", [1, 4, 30])
def test_a_pan_is_never_hurried_and_goes_along_the_side_that_does_not_fit(seconds: float) -> None:
    image = picture(4000, 1000)
    motion = motion_for(image, SlideLook(camera=Camera.PAN), WIDE, seconds)
    start, end = seen(motion.start, image, WIDE), seen(motion.end, image, WIDE)
    way, width = abs(start[0] - end[0]), start[2] - start[0]
    assert start[1] == end[1]
    assert 0 < way <= min(0.111 * seconds * width, image.width - width) + 5


def test_a_pan_over_a_picture_that_fits_comes_closer_to_have_a_way_to_go() -> None:
    motion = motion_for(picture(1920, 1080), SlideLook(camera=Camera.PAN), WIDE, 5)
    assert motion.start.zoom_permille == motion.end.zoom_permille > 1100
    assert motion.start.centre_x_permille != motion.end.centre_x_permille


@pytest.mark.parametrize("camera", Camera)
def test_a_picture_seen_whole_only_comes_nearer_or_goes_away(camera: Camera) -> None:
    motion = motion_for(picture(1000, 2000), SlideLook(fit=Fit.CONTAIN, camera=camera), WIDE, 5)
    zooms = sorted((motion.start.zoom_permille, motion.end.zoom_permille))
    assert zooms == ([1000, 1000] if camera is Camera.HOLD else [1000, 1040])
    assert {motion.start.centre_x_permille, motion.end.centre_x_permille} == {500}


def test_a_short_slide_is_not_rushed_and_a_long_one_not_dived_into() -> None:
    near = [
        motion_for(picture(1920, 1080), SlideLook(camera=Camera.ZOOM_IN), WIDE, s).end.zoom_permille
        for s in (1, 4, 60)
    ]
    assert near[0] < near[1] < near[2] <= 1200
