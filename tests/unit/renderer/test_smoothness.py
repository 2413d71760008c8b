"""The camera glides: what it shows moves by exact parts of a pixel from frame to frame, with and without the kernel."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.renderer.pipeline import resample
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.geometry import visible_at
from services.renderer.pipeline.planes import new_frame, planes_of
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.timeline import (
    CaptionStyle,
    EncodingProfile,
    FrameSize,
    Motion,
    PictureClip,
    Rate,
    SegmentSpec,
    View,
)

WIDTH, HEIGHT = 512, 288
FRAME = FrameSize(width=640, height=360)
FRAMES = 24
MOST_ERROR_PX = 0.02
SPREAD, REACH = 2.5, 18
"""Of a dot in the picture, and how far around its place in a frame it is looked for [px]."""

DOTS = [(x, y) for x in (160.3, 240.7, 321.1) for y in (100.6, 150.2, 199.9)]
MOTIONS = {
    "closer": ((1000, 500, 500), (1150, 400, 550)),
    "slowly": ((1100, 480, 500), (1110, 490, 505)),
    "sideways": ((1150, 430, 480), (1150, 570, 520)),
}


@pytest.fixture(params=["native", "opencv"])
def resampler(request, monkeypatch):
    if request.param == "opencv":
        monkeypatch.setattr(resample, "_KERNEL", None)
    elif resample._KERNEL is None:
        pytest.skip("there is no kernel here")


def dot_card(folder: Path) -> tuple[ImageReference, Path]:
    """White dots with soft edges on black."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    light = sum(np.exp(-((x - dot_x) ** 2 + (y - dot_y) ** 2) / (2 * SPREAD**2)) for dot_x, dot_y in DOTS)
    data = cv2.imencode(".png", np.repeat(np.rint(light * 255)[..., None], 3, axis=2).astype(np.uint8))[
        1
    ].tobytes()
    digest = hashlib.sha256(data).hexdigest()
    path = folder / digest
    path.write_bytes(data)
    asset = AssetReference(
        key=f"accounts/a/assets/{digest}", sha256=digest, size_bytes=len(data), media_type="image/png"
    )
    return ImageReference(asset=asset, width=WIDTH, height=HEIGHT), path


def clip_of(image: ImageReference, motion: str) -> PictureClip:
    start, end = (
        View(zoom_permille=zoom, centre_x_permille=x, centre_y_permille=y) for zoom, x, y in MOTIONS[motion]
    )
    return PictureClip(image=image, frames=FRAMES, motion_frames=FRAMES, motion=Motion(start=start, end=end))


def composed(clip: PictureClip, path: Path) -> list[np.ndarray]:
    """Luma of every frame."""
    spec = SegmentSpec(
        rate=Rate(numerator=30),
        size=FRAME,
        profile=EncodingProfile.STANDARD,
        caption_style=CaptionStyle(),
        clip=clip,
        first_frame=0,
        frames=FRAMES,
    )
    composer, frame = SegmentComposer(spec, {clip.image.asset.sha256: path}), new_frame(FRAME.width, FRAME.height)
    lumas = []
    for number in range(FRAMES):
        composer.compose(number, frame)
        lumas.append(planes_of(frame).y.astype(float) - 16)
    return lumas


def ideal_places(clip: PictureClip, number: int) -> np.ndarray:
    """Where the dots are in a frame, 0 being the centre of its first pixel."""
    seen = visible_at(clip.motion, number, clip.motion_frames, (WIDTH, HEIGHT), FRAME)
    scale = FRAME.width / seen.width
    return np.array([((x + 0.5 - seen.left) * scale - 0.5, (y + 0.5 - seen.top) * scale - 0.5) for x, y in DOTS])


def seen_places(luma: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The middle of the light around each place."""
    places = []
    for x, y in np.rint(near).astype(int):
        part = luma[y - REACH : y + REACH + 1, x - REACH : x + REACH + 1]
        across = np.arange(-REACH, REACH + 1)
        places.append((x + (part.sum(0) @ across) / part.sum(), y + (part.sum(1) @ across) / part.sum()))
    return np.array(places)


@pytest.mark.parametrize("motion", MOTIONS)
def test_what_the_camera_shows_moves_within_a_fiftieth_of_a_pixel_of_its_way(resampler, tmp_path, motion):
    image, path = dot_card(tmp_path)
    clip = clip_of(image, motion)
    ideal = np.array([ideal_places(clip, number) for number in range(FRAMES)])

    seen = np.array([seen_places(luma, near) for luma, near in zip(composed(clip, path), ideal, strict=True)])

    error = np.diff(seen, axis=0) - np.diff(ideal, axis=0)
    assert np.abs(np.diff(ideal, axis=0)).max() > 0.02  # it does move
    assert np.sqrt(np.mean(error**2)) <= MOST_ERROR_PX
