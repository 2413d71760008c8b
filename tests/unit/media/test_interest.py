"""Where the eye goes first: to the thing that stands out, nowhere in a picture without one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.media.interest import point_of_interest


def scene(size: tuple[int, int], place: tuple[float, float], colour: str = "#C03020") -> Image.Image:
    """Soft ground, some grain, and one round thing of a tenth of the longer side."""
    width, height = size
    grain = np.random.default_rng(1).integers(-6, 7, (height, width, 3))
    ground = np.linspace(90, 150, height)[:, None, None] + grain
    image = Image.fromarray(ground.clip(0, 255).astype(np.uint8), "RGB")
    x, y, radius = place[0] * width, place[1] * height, max(size) * 0.05
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


@pytest.mark.parametrize("size", [(960, 540), (540, 960), (400, 400), (97, 33)])
@pytest.mark.parametrize("place", [(0.5, 0.5), (0.25, 0.4), (0.7, 0.65)])
def test_the_thing_that_stands_out_is_found(size: tuple[int, int], place: tuple[float, float]) -> None:
    found = point_of_interest(scene(size, place))
    assert found is not None
    assert np.abs(np.array(found) / 1000 - place).max() < 0.06


def test_colour_alone_stands_out() -> None:
    """The thing is as bright as the ground around it."""
    found = point_of_interest(scene((960, 540), (0.3, 0.5), "#B06060"))
    assert found is not None
    assert np.abs(np.array(found) / 1000 - (0.3, 0.5)).max() < 0.06


@pytest.mark.parametrize("kind", ["plain", "noise", "tiles"])
def test_a_picture_of_nothing_special_has_no_such_place(kind: str) -> None:
    rows, columns = np.mgrid[0:300, 0:400]
    pixels = {
        "plain": np.full((300, 400), 127),
        "noise": np.random.default_rng(2).integers(0, 256, (300, 400)),
        "tiles": (rows // 10 + columns // 10) % 2 * 200,
    }[kind]
    image = Image.fromarray(np.repeat(pixels[..., None], 3, 2).astype(np.uint8), "RGB")
    assert point_of_interest(image) is None


@pytest.mark.parametrize("size", [(1, 1), (16, 4000), (4000, 16)])
def test_pictures_of_any_shape_are_looked_at(size: tuple[int, int]) -> None:
    found = point_of_interest(Image.new("RGB", size, "#806040"))
    assert found is None


def test_the_picture_itself_is_left_as_it_was() -> None:
    image = scene((640, 360), (0.3, 0.4))
    before = image.tobytes()
    assert point_of_interest(image) == point_of_interest(image)
    assert image.tobytes() == before
