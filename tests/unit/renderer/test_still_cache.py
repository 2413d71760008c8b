"""Kept pictures: used again, bounded in memory, and never taken for another."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.timeline import FrameSize, Motion, View

FRAME = FrameSize(width=160, height=128)
STILL_BYTES = 160 * 128 * 3 // 2


def picture(folder: Path, grey: int) -> tuple[Path, ImageReference]:
    """A plain picture of the frame's size."""
    data = cv2.imencode(".png", np.full((128, 160, 3), grey, np.uint8))[1].tobytes()
    digest = hashlib.sha256(data).hexdigest()
    path = folder / f"{digest}.png"
    path.write_bytes(data)
    asset = AssetReference(key=f"accounts/a/assets/{digest}", sha256=digest, size_bytes=1, media_type="image/png")
    return path, ImageReference(asset=asset, width=160, height=128)


def standing(zoom: int = 1000) -> Motion:
    view = View(zoom_permille=zoom, centre_x_permille=500, centre_y_permille=500)
    return Motion(start=view, end=view)


def test_a_picture_is_read_once_as_long_as_it_is_kept(tmp_path):
    cache, (path, reference) = StillCache(), picture(tmp_path, 90)
    first = cache.load(path, reference, standing(), FRAME)
    path.write_bytes(b"")

    assert cache.load(path, reference, standing(), FRAME) is first


def test_kept_pictures_never_take_more_than_the_bound_and_the_one_used_last_stays(tmp_path):
    cache = StillCache(most_bytes=2 * STILL_BYTES)
    pictures = [picture(tmp_path, grey) for grey in (10, 20, 30)]
    one, two, three = pictures
    for path, reference in (one, two, one, three):
        cache.load(path, reference, standing(), FRAME)
        assert cache.kept_bytes <= 2 * STILL_BYTES
    for path, _ in pictures:
        path.write_bytes(b"")

    cache.load(*one, standing(), FRAME)
    cache.load(*three, standing(), FRAME)
    with pytest.raises(BadAssetError):
        cache.load(*two, standing(), FRAME)


def test_a_picture_beyond_the_bound_is_used_but_not_kept(tmp_path):
    cache = StillCache(most_bytes=STILL_BYTES - 1)

    assert cache.load(*picture(tmp_path, 90), standing(), FRAME).size_bytes == STILL_BYTES
    assert cache.kept_bytes == 0


def test_another_zoom_gets_a_still_of_its_own_size(tmp_path):
    cache, (path, reference) = StillCache(), picture(tmp_path, 90)
    assert cache.load(path, reference, standing(), FRAME).planes.y.shape == (128, 160)
    assert cache.load(path, reference, standing(1500), FRAME).planes.y.shape == (192, 240)


def test_a_kept_picture_does_not_stand_for_one_stated_in_another_size(tmp_path):
    cache, (path, reference) = StillCache(), picture(tmp_path, 90)
    cache.load(path, reference, standing(), FRAME)

    with pytest.raises(BadAssetError, match="not 170x128"):
        cache.load(path, reference.model_copy(update={"width": 170}), standing(), FRAME)
