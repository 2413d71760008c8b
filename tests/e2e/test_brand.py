"""A brand kit from the file to the video, and back."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from PIL import Image

FONT = Path(__file__).parents[2] / "services" / "renderer" / "fonts" / "NotoSansHebrew-Bold.ttf"
PROJECT = """
title: Branded
brand: kit/brand.yaml
style: {size: 128x128, fps: 30, profile: draft, crossfade: 0}
voice: none
music: none
slides:
  - {title: Bees, show_title: true, image: grey.png, seconds: 1}
  - {title: Names, lower_third: {name: Amelia, detail: Ecologist}, image: grey.png, seconds: 1}
"""


@pytest.fixture
def branded(studio) -> Path:
    """A project of two grey slides, whose kit has a green logo and a font."""
    kit = studio.folder / "kit"
    kit.mkdir()
    (kit / "brand.ttf").write_bytes(FONT.read_bytes())
    Image.new("RGBA", (64, 64), (0, 200, 0, 255)).save(kit / "logo.png")
    (kit / "brand.yaml").write_text(
        "font: brand.ttf\nlogo: {image: logo.png, corner: bottom_right, size: 300, opacity: 1}\n"
    )
    Image.new("RGB", (128, 128), (110, 110, 110)).save(studio.folder / "grey.png")
    path = studio.folder / "branded.yaml"
    path.write_text(PROJECT)
    return path


def test_a_branded_project_shows_its_brand_and_is_made_again_from_its_results(studio, branded: Path) -> None:
    outcome = studio.run("render", str(branded), "--out", "out", "--json")

    assert outcome.code == 0, outcome.err
    with av.open(str(studio.folder / "out" / "video.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    for frame in frames:
        red, green, _ = frame[104, 104]
        assert green > 150 > red + 60
    assert frames[12][10:70].max() > 200  # the title
    assert frames[44][60:110, :80].max() > 200  # the name
    assert frames[0][10:70].max() < 170

    again = studio.run("render", str(studio.folder / "out" / "project.yaml"), "--out", "again")

    assert again.code == 0, again.err
    report = json.loads((studio.folder / "again" / "report.json").read_text())
    assert [task["stage"] for task in report["tasks"] if not task["reused"]] == ["assembly"]


def test_a_font_that_cannot_be_used_is_named_before_anything_is_made(studio, branded: Path) -> None:
    (studio.folder / "kit" / "brand.ttf").write_bytes(FONT.read_bytes()[:9_000])

    outcome = studio.run("render", str(branded), "--out", "out")

    assert outcome.code == 1
    assert "brand, font: brand.ttf: is a damaged or incomplete font" in outcome.err
    assert not (studio.folder / "out" / "video.mp4").exists()
