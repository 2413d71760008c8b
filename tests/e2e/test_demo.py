"""The one command: `studio demo` makes a real narrated video, and the second run takes what it made."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from services.renderer.pipeline.sound.files import read_sound
from shared.media.sandbox import MediaSandbox

EXPECTED = {
    "video.mp4",
    "captions.srt",
    "captions.vtt",
    "captions.ass",
    "words.json",
    "poster.jpg",
    "timeline.otio",
    "project.yaml",
    "report.json",
}


@pytest.fixture(scope="module")
def demo(shared_studio) -> Path:
    """The results of the first run."""
    outcome = shared_studio.run("demo", "--out", "first", "--json", timeout=600)
    assert outcome.code == 0, outcome.err
    return shared_studio.folder / "first"


@pytest.mark.timeout(700)
def test_the_demo_brings_the_video_and_all_hand_over_files(demo) -> None:
    assert {path.name for path in demo.iterdir()} == EXPECTED
    assert all(path.stat().st_size > 0 for path in demo.iterdir())


def test_the_video_plays_everywhere(demo) -> None:
    probe = MediaSandbox().probe_video(demo / "video.mp4")

    assert probe.faststart
    assert (probe.video.codec, probe.video.profile) == ("h264", "High")
    assert (probe.video.width, probe.video.height, probe.video.rate) == (1920, 1080, 30)
    assert {probe.video.colour.matrix, probe.video.colour.primaries, probe.video.colour.transfer} == {"bt709"}
    assert probe.audio.codec == "aac"
    assert len(probe.chapters) == 6
    assert 45 <= probe.duration <= 90


def test_sound_and_picture_end_together_at_a_comfortable_loudness(demo, independent_loudness) -> None:
    probe = MediaSandbox().probe_video(demo / "video.mp4")
    assert abs(probe.video.duration - probe.audio.duration) <= Fraction(1, 30)
    lufs, true_peak = independent_loudness(read_sound(demo / "video.mp4"))
    assert -14.3 <= lufs <= -13.7
    assert true_peak <= -1.0


def test_captions_say_what_is_spoken(demo) -> None:
    spoken = json.loads((demo / "words.json").read_text())
    captions = (demo / "captions.srt").read_text()
    assert "small bee leaves her hive" in captions.replace("\n", " ")
    assert len(spoken) > 0


def test_the_second_run_makes_nothing_again(shared_studio, demo) -> None:
    outcome = shared_studio.run("demo", "--out", "second", "--json")

    assert outcome.code == 0, outcome.err
    report = json.loads((shared_studio.folder / "second" / "report.json").read_text())
    assert [task["stage"] for task in report["tasks"] if not task["reused"]] == ["assembly"]
    assert report["probe"]["faststart"]
