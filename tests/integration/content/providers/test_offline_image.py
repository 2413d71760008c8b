"""The built-in painter: exact sizes, equal bytes in every process, pictures that differ and are worth a look."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.content.providers.offline.image import OfflineImage
from services.content.providers.offline.painting.paint import work
from services.content.providers.port import ImageRequest

PROMPTS = [
    "A bee sets out over a flower meadow; sunrise",
    "A flower in ultraviolet light with glowing nectar guides",
    "Honeybees on honeycomb, one dances",
    "A quiet forest path",
    "City skyline at night",
    "Quarterly figures",
]
SCENES = [
    "meadow with bees",
    "garden rose",
    "honeycomb",
    "ultraviolet",
    "forest",
    "mountains",
    "ocean",
    "coral reef",
    "city",
    "desert",
    "planets",
    "aurora",
    "old oak",
    "balloons",
    "nothing in particular",
]


def paint(prompt: str, folder: Path, *, width: int = 320, height: int = 180, take: int = 1) -> Path:
    target = folder / "picture"
    made = OfflineImage().generate(ImageRequest(prompt=prompt, width=width, height=height, take=take), target)
    assert made.media_type == "image/jpeg"
    return made.path


def paint_here(prompt: str, folder: Path, take: int = 1) -> Path:
    """The same without a child process, where only the picture matters."""
    target = folder / "picture"
    work({"prompt": prompt, "style": "", "width": 320, "height": 180, "take": take, "target": str(target)})
    return target


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.format == "JPEG"
        assert picture.mode == "RGB"
        return np.asarray(picture).astype(float)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (200, 200), (333, 77), (16, 16)])
def test_the_picture_has_exactly_the_size_asked_for(size: tuple[int, int], tmp_path: Path) -> None:
    picture = pixels(paint("bees in a meadow", tmp_path, width=size[0], height=size[1]))

    assert picture.shape == (size[1], size[0], 3)


def test_the_same_request_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    assert paint(PROMPTS[0], tmp_path).read_bytes() == paint(PROMPTS[0], tmp_path).read_bytes()


def test_another_take_is_another_picture(tmp_path: Path) -> None:
    first, second = (pixels(paint("Ocean", tmp_path, take=take)) for take in (1, 2))

    assert np.abs(first - second).mean() > 8


def test_pictures_of_different_prompts_differ_a_lot(tmp_path: Path) -> None:
    pictures = [pixels(paint_here(prompt, tmp_path)) for prompt in PROMPTS]

    for one, other in combinations(pictures, 2):
        assert np.abs(one - other).mean() > 20


@pytest.mark.parametrize("prompt", SCENES)
@pytest.mark.parametrize("take", [1, 2])
def test_every_scene_fills_the_picture_with_light_and_colour(prompt: str, take: int, tmp_path: Path) -> None:
    picture = pixels(paint_here(prompt, tmp_path, take))

    assert 20 < picture.mean() < 235
    assert picture.std() > 18
    assert np.ptp(picture, axis=2).mean() > 15
    assert (picture.max(axis=2) < 5).mean() < 0.005, "a part of the picture was left unpainted"


@pytest.mark.parametrize("prompt", ["", "🐝🌼", "مرحبا", "x" * 2_000])
def test_any_prompt_gets_a_picture(prompt: str, tmp_path: Path) -> None:
    assert pixels(paint_here(prompt, tmp_path)).std() > 10
