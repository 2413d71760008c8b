"""Logos keep their transparency on the way to the normal form; slides do not."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.media.sandbox import MediaSandbox

Given = Callable[[str, bytes], Path]


def half_clear(kind: str = "PNG") -> bytes:
    """Red, whose opacity falls from left to right."""
    picture = Image.new("RGBA", (256, 64), "#E03020")
    picture.putalpha(Image.fromarray(np.tile(np.arange(255, -1, -1, dtype=np.uint8), (64, 1))))
    file = io.BytesIO()
    picture.save(file, kind, lossless=True) if kind == "WEBP" else picture.save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_logo_keeps_its_transparency(sandbox: MediaSandbox, given: Given, tmp_path: Path, kind: str) -> None:
    path = given(f"logo.{kind.lower()}", half_clear(kind))

    sandbox.normalise_image(path, tmp_path / "out.png", background=None)

    with Image.open(tmp_path / "out.png") as logo:
        assert (logo.format, logo.mode) == ("PNG", "RGBA")
        alpha = np.asarray(logo)[0, :, 3]
        assert np.array_equal(alpha, np.arange(255, -1, -1))
        assert np.array_equal(np.asarray(logo)[0, 0, :3], (0xE0, 0x30, 0x20))


def test_a_logo_that_is_made_smaller_has_no_dark_edge(sandbox: MediaSandbox, given: Given, tmp_path: Path) -> None:
    """White beside clear black: where both are averaged, white is to stay white."""
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 201, 400))
    file = io.BytesIO()
    picture.save(file, "PNG")

    sandbox.normalise_image(given("edge.png", file.getvalue()), tmp_path / "o.png", max_side=100, background=None)

    with Image.open(tmp_path / "o.png") as logo:
        pixels = np.asarray(logo)
        seen = pixels[..., 3] > 8
        assert pixels[seen][:, :3].min() >= 250


def test_a_logo_in_normal_form_comes_out_the_same(sandbox: MediaSandbox, given: Given, tmp_path: Path) -> None:
    sandbox.normalise_image(given("logo.png", half_clear()), tmp_path / "once.png", background=None)
    sandbox.normalise_image(tmp_path / "once.png", tmp_path / "twice.png", background=None)
    assert (tmp_path / "once.png").read_bytes() == (tmp_path / "twice.png").read_bytes()


def test_an_opaque_logo_is_a_plain_picture(sandbox: MediaSandbox, given: Given, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "#204060").save(file, "PNG")
    sandbox.normalise_image(given("plain.png", file.getvalue()), tmp_path / "o.png", background=None)
    with Image.open(tmp_path / "o.png") as logo:
        assert logo.mode == "RGB"
