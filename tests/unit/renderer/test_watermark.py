"""The logo: in its corner, of its size, with its own and the chosen opacity, and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Planes
from services.renderer.pipeline.watermark import Logo, logo_box
from shared.contracts.look import Corner, Watermark
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.timeline import FrameSize

FRAME = FrameSize(width=640, height=360)
GREY = 100


@pytest.fixture
def logo(tmp_path: Path):
    """Stores a picture and makes the watermark that shows it."""

    def make(picture: Image.Image, **fields: object) -> tuple[Watermark, dict[str, Path]]:
        path = tmp_path / "logo.png"
        picture.save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        asset = AssetReference(key="accounts/a/assets/x", sha256=digest, size_bytes=1, media_type="image/png")
        image = ImageReference(asset=asset, width=picture.width, height=picture.height)
        return Watermark(image=image, **fields), {digest: path}

    return make


def shown(watermark: Watermark, files: dict[str, Path], frame: FrameSize = FRAME) -> Planes:
    planes = Planes(
        y=np.full((frame.height, frame.width), GREY, np.uint8),
        u=np.full((frame.height // 2, frame.width // 2), 128, np.uint8),
        v=np.full((frame.height // 2, frame.width // 2), 128, np.uint8),
    )
    Logo(watermark, files, frame).blend(planes)
    return planes


def ring(size: int = 288) -> Image.Image:
    """A ring with a soft edge, clear in the middle, and a half opaque bar."""
    large = Image.new("RGBA", (size * 4, size * 2))
    draw = ImageDraw.Draw(large)
    draw.ellipse((40, 40, size * 2 - 40, size * 2 - 40), outline="#FF8020", width=100)
    draw.rectangle((size * 2, size // 2, size * 4 - 60, size * 3 // 2), fill=(30, 90, 220, 128))
    return large.resize((size * 2, size), Image.Resampling.LANCZOS)


@pytest.mark.parametrize("corner", list(Corner))
def test_the_logo_lies_in_its_corner(logo, corner: Corner) -> None:
    watermark, files = logo(Image.new("RGB", (200, 100), "#FFFFFF"), corner=corner, width_permille=200)

    changed = np.argwhere(shown(watermark, files).y != GREY)

    x, y, width, height = logo_box(watermark, FRAME)
    assert (width, height) == (72, 36)
    assert (*changed.min(0), *changed.max(0)) == (y, x, y + height - 1, x + width - 1)
    margin = round(360 * 0.045)
    assert x == (margin if "left" in corner else 640 - margin - 72)
    assert y == (margin if "top" in corner else 360 - margin - 36)


@pytest.mark.parametrize("opacity", [50, 500, 850, 1000])
def test_its_opacity_is_that_of_the_picture_times_the_chosen_one(logo, opacity: int) -> None:
    picture = Image.new("RGBA", (100, 100), (255, 255, 255, 255))
    picture.paste((255, 255, 255, 128), (0, 0, 50, 100))
    watermark, files = logo(picture, width_permille=300, opacity_permille=opacity, corner=Corner.TOP_LEFT)

    y = shown(watermark, files).y.astype(float)

    left, top, width, height = logo_box(watermark, FRAME)
    row = y[top + height // 2]
    for place, alpha in ((left + width // 4, 128 / 255), (left + 3 * width // 4, 1.0)):
        assert row[place] == pytest.approx(GREY + (235 - GREY) * alpha * opacity / 1000, abs=1.5)


def test_it_looks_as_if_it_was_drawn_over_the_picture(logo) -> None:
    """Against the same picture scaled by Pillow and laid over in RGB."""
    picture = ring()
    watermark, files = logo(picture, width_permille=400, opacity_permille=700, corner=Corner.BOTTOM_RIGHT)
    x, y, width, height = logo_box(watermark, FRAME)

    planes = shown(watermark, files)

    scaled = np.asarray(picture.resize((width, height), Image.Resampling.BOX), np.float64)
    grey = (np.array([GREY, 128, 128]) - YUV_OFFSET) @ np.linalg.inv(YUV_FROM_RGB).T
    frame = np.tile(grey, (FRAME.height, FRAME.width, 1))
    alpha = scaled[..., 3:] / 255 * 0.7
    part = frame[y : y + height, x : x + width]
    frame[y : y + height, x : x + width] = part * (1 - alpha) + scaled[..., :3] * alpha
    expected = frame @ YUV_FROM_RGB.T + YUV_OFFSET
    assert np.abs(planes.y - expected[..., 0]).max() <= 2
    assert np.sqrt(np.mean((planes.y - expected[..., 0])[y:, x:] ** 2)) < 0.8
    for plane, channel in ((planes.u, 1), (planes.v, 2)):
        reference = cv2.resize(expected[..., channel], (320, 180), interpolation=cv2.INTER_AREA)
        assert np.sqrt(np.mean((plane - reference)[y // 2 :, x // 2 :] ** 2)) < 4


@pytest.mark.parametrize(("size", "width"), [((40, 2000), 2), ((1, 1), 54)])
def test_a_logo_of_any_shape_stays_on_the_frame(logo, size: tuple[int, int], width: int) -> None:
    watermark, files = logo(Image.new("RGB", size, "#FFFFFF"), width_permille=150, margin_permille=250)
    box = logo_box(watermark, FRAME)
    shown(watermark, files)
    assert box[2] == width
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[1] + box[3] <= FRAME.height


def test_a_logo_that_is_not_there_is_named(logo) -> None:
    watermark, files = logo(Image.new("RGB", (20, 20)))
    with pytest.raises(BadAssetError, match="was not handed over"):
        Logo(watermark, {}, FRAME)
    next(iter(files.values())).write_bytes(b"no picture")
    with pytest.raises(BadAssetError, match="bring it in again"):
        Logo(watermark, files, FRAME)
