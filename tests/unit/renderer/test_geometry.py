"""The visible rectangle: the frame's aspect, always inside the picture, moving in one line."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.renderer.pipeline.geometry import visible_at, visible_part
from shared.contracts.timeline import FrameSize, Motion, View

WIDE = FrameSize(width=1920, height=1080)

views = st.builds(
    View,
    zoom_permille=st.integers(1000, 4000),
    centre_x_permille=st.integers(0, 1000),
    centre_y_permille=st.integers(0, 1000),
)
sizes = st.builds(
    FrameSize, width=st.integers(64, 1920).map(lambda n: n * 2), height=st.integers(64, 1920).map(lambda n: n * 2)
)
pictures = st.tuples(st.integers(1, 8000), st.integers(1, 8000))


@given(views, views, pictures, sizes, st.integers(0, 200), st.integers(1, 150))
def test_what_is_seen_lies_inside_the_picture_and_has_the_frames_aspect(start, end, picture, size, number, frames):
    seen = visible_at(Motion(start=start, end=end), number, frames, picture, size)
    assert seen.left >= -1e-6
    assert seen.top >= -1e-6
    assert seen.left + seen.width <= picture[0] + 1e-6
    assert seen.top + seen.height <= picture[1] + 1e-6
    assert seen.width / seen.height == pytest.approx(size.width / size.height)


def test_zoom_one_is_the_largest_part_that_fits():
    seen = visible_part(View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500), (1536, 1024), WIDE)
    assert (seen.width, seen.height) == (1536, 864)
    assert (seen.left, seen.top) == (0, 80)


def test_the_move_starts_and_ends_at_its_views_and_never_turns_back():
    start = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
    end = View(zoom_permille=1500, centre_x_permille=300, centre_y_permille=700)
    widths = [visible_at(Motion(start=start, end=end), n, 60, (1536, 1024), WIDE).width for n in range(60)]
    assert widths[0] == visible_part(start, (1536, 1024), WIDE).width
    assert widths[-1] == pytest.approx(visible_part(end, (1536, 1024), WIDE).width)
    assert all(a > b for a, b in pairwise(widths))


def test_the_move_begins_gently_but_never_stands_still():
    start = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
    end = View(zoom_permille=2000, centre_x_permille=500, centre_y_permille=500)
    widths = [visible_at(Motion(start=start, end=end), n, 101, (1600, 900), WIDE).width for n in range(101)]
    first, middle = widths[0] - widths[1], widths[50] - widths[51]
    assert 0.3 * middle < first < 0.7 * middle
