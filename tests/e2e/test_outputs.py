"""From a project file, and from an option, to every form of the video; asked for later, only what is new is made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PROJECT = """
title: Forms
style: {size: 192x128, profile: draft, crossfade: 0.2}
voice: none
music: {mood: calm}
outputs: [hls, sprite]
slides:
  - {image: PICTURE, seconds: 1}
  - {image: PICTURE, seconds: 1.5}
"""


@pytest.fixture
def project_file(picture) -> Path:
    drawn = picture("own.png")
    path = drawn.with_name("project.yaml")
    path.write_text(PROJECT.replace("PICTURE", drawn.name))
    return path


def test_outputs_asked_for_later_render_only_their_own_segments(studio, project_file) -> None:
    first = studio.run("render", str(project_file), "--out", "first", "--json")
    assert first.code == 0, first.err
    again = studio.folder / "first" / "project.yaml"
    options = ("--output", "hevc", "--output", "webm", "--output", "gif", "--output", "webp")

    second = studio.run("render", str(again), *options, "--out", "second", "--json")

    assert second.code == 0, second.err
    made = {Path(file).name for file in second.event("finished")["files"]}
    wanted = {
        *("video.mp4", "video_hevc.mp4", "video.webm", "hls.m3u8", "hls.mp4"),
        *("preview.gif", "preview.webp", "sprite.jpg", "sprite.vtt"),
    }
    assert made >= wanted
    assert not made & {"sound.opus", "probe.json"}
    out = studio.folder / "second"
    assert all((out / name).stat().st_size for name in wanted)
    assert (out / "video.mp4").read_bytes() == (studio.folder / "first" / "video.mp4").read_bytes()
    assert "- hevc" in (out / "project.yaml").read_text()

    report = json.loads((out / "report.json").read_text())
    probes = report["probe"]["outputs"]
    assert {name: probe["video"]["codec"] for name, probe in probes.items()} == {
        "video_hevc.mp4": "hevc",
        "video.webm": "vp9",
        "hls.mp4": "h264",
    }
    assert {probe["video"]["frames"] for probe in (report["probe"], *probes.values())} == {75}
    rendered = [task["reused"] for task in report["tasks"] if task["kind"] == "renderer.render_segment.v1"]
    assert sorted(rendered) == [False] * 4 + [True] * 2


def test_an_output_that_does_not_exist_is_refused_with_those_that_do(studio, project_file) -> None:
    outcome = studio.run("render", str(project_file), "--output", "avi")
    assert outcome.code != 0
    assert "webm" in outcome.err
