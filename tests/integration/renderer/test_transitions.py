"""Every frame of every transition against one that is computed sample by sample from the two clips alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from services.renderer.pipeline.compose import SegmentComposer
from shared.contracts.timeline import Direction, FrameSize, Motion, Transition, TransitionKind, View

FRAMES = 7
MOVES = [TransitionKind.SLIDE, TransitionKind.PUSH, TransitionKind.WIPE]
CASES = [(kind, direction) for kind in MOVES for direction in Direction] + [
    (kind, Direction.LEFT) for kind in (TransitionKind.CROSSFADE, TransitionKind.FADE, TransitionKind.ZOOM)
]
PICTURE = FrameSize(width=192, height=128)
DIVISORS = (1, 2, 2)
BLACK = (16, 128, 128)
COLOUR, COLOUR_YUV = "#3264C8", (98.95, 176.95, 102.01)
"""A blue, and what ITU-R BT.709 makes of it, worked out by hand."""


@pytest.fixture
def shots(studio, composed):
    """Frames of the transition, and those of the two clips alone at the same times."""

    def draw(transition: Transition):
        outgoing = studio.clip(studio.scenery(1), 20)
        incoming = studio.clip(studio.scenery(2), 20)
        mixed = studio.spec(incoming.model_copy(update={"transition_in": transition}), outgoing, size=PICTURE)
        alone = studio.spec(outgoing.model_copy(update={"frames": 28}), size=PICTURE)
        frames = [
            composed(SegmentComposer(spec, studio.images), PICTURE, numbers)
            for spec, numbers in (
                (mixed, range(FRAMES + 1)),
                (alone, range(20, 20 + FRAMES)),
                (studio.spec(incoming, size=PICTURE), range(FRAMES + 1)),
            )
        ]
        return [[[plane.astype(float) for plane in planes] for planes in shot] for shot in frames]

    return draw


def smooth(part):
    part = np.clip(part, 0, 1)
    return part * part * (3 - 2 * part)


def along(plane: np.ndarray, direction: Direction) -> np.ndarray:
    """Turned so that the incoming clip enters at row 0 and goes down."""
    turned = plane.T if direction in (Direction.LEFT, Direction.RIGHT) else plane
    return turned[::-1] if direction in (Direction.LEFT, Direction.UP) else turned


def back(plane: np.ndarray, direction: Direction) -> np.ndarray:
    turned = plane[::-1] if direction in (Direction.LEFT, Direction.UP) else plane
    return turned.T if direction in (Direction.LEFT, Direction.RIGHT) else turned


def reference(kind: TransitionKind, direction: Direction, part: float, out: list, into: list) -> list[np.ndarray]:
    """The frame as the words say it; planes as floats."""
    if kind is TransitionKind.CROSSFADE:
        return [a * (1 - part) + b * part for a, b in zip(out, into, strict=True)]
    if kind is TransitionKind.FADE:
        shown, seen = (out, 1 - 2 * part) if part < 0.5 else (into, 2 * part - 1)
        return [plane * seen + value * (1 - seen) for plane, value in zip(shown, COLOUR_YUV, strict=True)]
    if kind is TransitionKind.ZOOM:
        return [
            zoomed(a, b, part, divisor, down)
            for a, b, divisor, down in zip(out, into, DIVISORS, (0, 0.5, 0.5), strict=True)
        ]
    return [
        back(moved(kind, along(a, direction), along(b, direction), part, divisor, black), direction)
        for a, b, divisor, black in zip(out, into, DIVISORS, BLACK, strict=True)
    ]


def moved(kind, out: np.ndarray, into: np.ndarray, part: float, divisor: int, black: int) -> np.ndarray:
    length, rows = len(out), np.arange(len(out))
    way = smooth(part) * length * divisor
    if kind is TransitionKind.WIPE:
        edge = 0.14 * length * divisor
        share = smooth((way * (1 + 0.14) - (rows + 0.5) * divisor) / edge)[:, None]
        return out * (1 - share) + into * share
    shown = round(way / 2) * 2 // divisor
    if kind is TransitionKind.PUSH:
        return np.vstack([into, out])[length - shown : 2 * length - shown]
    nearness = 1 - (rows - shown + 0.5) / (0.04 * length)
    light = np.where((rows >= shown) & (rows < shown + round(0.04 * length)), 1 - 0.45 * nearness.clip(0) ** 2, 1)
    shadowed = (out - black) * light[:, None] + black
    return np.vstack([into[length - shown :], shadowed[shown:]])


def zoomed(out: np.ndarray, into: np.ndarray, part: float, divisor: int, down: float) -> np.ndarray:
    """Out to 1.5 times its size, in from 0.7 of it, seen through a soft rectangle that fades in."""
    scale = 0.7 + 0.3 * (1 - (1 - part) ** 2)
    edge = 0.12 * np.sqrt((1 - scale) / 0.3)
    down_share, across_share = (
        smooth((scale / 2 - np.abs((np.arange(length) + 0.5) / length - 0.5)) / edge) for length in into.shape
    )
    share = np.outer(down_share, across_share) * min(1, part / 0.75)
    grown = (enlarged(plane, by, divisor, down) for plane, by in ((out, 1 + 0.5 * smooth(part)), (into, scale)))
    return next(grown) * (1 - share) + next(grown) * share


def enlarged(plane: np.ndarray, scale: float, divisor: int, down: float) -> np.ndarray:
    """About the middle of the frame, by linear interpolation."""
    height, width = plane.shape
    return sampling(height, scale, divisor, down) @ plane @ sampling(width, scale, divisor, 0).T


def sampling(length: int, scale: float, divisor: int, first: float) -> np.ndarray:
    """Each row holds what the samples of one side count for one sample of the enlarged side."""
    middle = (length * divisor - 1) / 2
    places = first + divisor * np.arange(length)
    sources = ((middle + (places - middle) / scale - first) / divisor).clip(0, length - 1)
    return np.clip(1 - np.abs(sources[:, None] - np.arange(length)), 0, None)


@pytest.mark.parametrize(("kind", "direction"), CASES)
def test_each_frame_of_a_transition_is_the_one_that_is_drawn_by_hand(shots, kind, direction):
    transition = Transition(kind=kind, frames=FRAMES, direction=direction, colour=COLOUR)
    mixed, out, into = shots(transition)
    for number in range(FRAMES):
        expected = reference(kind, direction, (number + 1) / (FRAMES + 1), out[number], into[number])
        for plane, wanted in zip(mixed[number], expected, strict=True):
            assert np.abs(plane - wanted).max() <= (2 if kind is TransitionKind.ZOOM else 1.1)


@pytest.mark.parametrize(("kind", "direction"), CASES)
def test_a_transition_ends_in_the_incoming_clip_without_a_jump(shots, kind, direction):
    mixed, out, into = shots(Transition(kind=kind, frames=FRAMES, direction=direction))
    assert all(np.array_equal(a, b) for a, b in zip(mixed[FRAMES], into[FRAMES], strict=True))
    first, last = mixed[0][0] - out[0][0], mixed[FRAMES - 1][0] - into[FRAMES - 1][0]
    whole = max(np.abs(out[0][0] - into[0][0]).mean(), np.abs(out[0][0] - 16).mean())
    assert 0 < np.abs(first).mean() < 0.4 * whole
    assert 0 < np.abs(last).mean() < 0.4 * whole


def test_a_zoom_grows_the_clip_before_out_of_the_frame_and_the_next_one_into_it(studio, composed):
    """A ring on a dark ground grows in every frame, while the incoming plain clip has not hidden it."""
    rows, columns = np.mgrid[0:128, 0:128]
    distance = np.hypot(rows - 63.5, columns - 63.5)
    ring = np.where(np.abs(distance - 30) < 4, 230, 30).astype(np.uint8)
    ringed = studio.picture(np.repeat(ring[..., None], 3, 2))
    plain = studio.picture(np.full((128, 128, 3), 30, np.uint8))

    def radii(before, image) -> list[float]:
        clip = still(studio.clip(image, 20)).model_copy(
            update={"transition_in": Transition(kind=TransitionKind.ZOOM, frames=8)}
        )
        frames = composed(
            SegmentComposer(studio.spec(clip, still(studio.clip(before, 20))), studio.images),
            studio.size,
            range(8),
        )
        lights = [np.clip(planes[0].astype(float) - 60, 0, None) for planes in frames]
        return [(light * distance).sum() / light.sum() for light in lights if light.sum() > 2000]

    leaving, entering = radii(ringed, plain), radii(plain, ringed)
    assert len(leaving) >= 3
    assert len(entering) >= 4
    assert all(a < b for a, b in pairwise(leaving))
    assert all(a < b for a, b in pairwise(entering))
    assert leaving[0] == pytest.approx(30, abs=3)
    assert entering[-1] == pytest.approx(30, abs=1.5)


@pytest.mark.parametrize("kind", TransitionKind)
def test_two_clips_of_one_colour_stay_that_colour(studio, composed, kind):
    """No seam, no shift of chroma; only the shadow of a slide darkens."""
    if kind in (TransitionKind.CUT, TransitionKind.SLIDE):
        return
    plain = studio.picture(np.full((128, 128, 3), (200, 100, 50), np.uint8))
    clip = studio.clip(plain, 20).model_copy(
        update={"transition_in": Transition(kind=kind, frames=6, colour="#3264C8")}
    )
    frames = composed(
        SegmentComposer(studio.spec(clip, studio.clip(plain, 20)), studio.images), studio.size, range(7)
    )
    for planes in frames:
        for plane, value in zip(planes, COLOUR_YUV, strict=True):
            assert np.abs(plane - value).max() <= 1.1


@pytest.mark.parametrize("kind", [TransitionKind.SLIDE, TransitionKind.PUSH])
def test_a_moving_edge_follows_its_path_to_the_pixel_in_light_and_in_colour(studio, composed, kind):
    size, frames = FrameSize(width=640, height=128), 15
    grey, red = (studio.picture(np.full((128, 640, 3), bgr, np.uint8)) for bgr in ((60, 60, 60), (40, 40, 220)))
    clip = studio.clip(red, 30).model_copy(
        update={"transition_in": Transition(kind=kind, frames=frames, direction=Direction.RIGHT)}
    )
    spec = studio.spec(clip, studio.clip(grey, 30), size=size)
    for number, planes in enumerate(composed(SegmentComposer(spec, studio.images), size, range(frames))):
        path = 640 * smooth((number + 1) / (frames + 1))
        for plane, divisor in zip(planes, DIVISORS, strict=True):
            red_value = int(plane[64 // divisor, 0])
            edge = np.count_nonzero(np.abs(plane[64 // divisor].astype(int) - red_value) <= 1) * divisor
            assert abs(edge - path) <= 1


def still(clip):
    view = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
    return clip.model_copy(update={"motion": Motion(start=view, end=view)})
