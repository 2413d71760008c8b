"""A person's own video: in a slide, before and after the others, with its sound, and again from what came out."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

RATE = 25


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds, dark but for a flash at each half second, with a beep that begins with it."""
    path = tmp_path / "clip.mov"
    samples = np.zeros((2, 2 * 48_000), np.int16)
    for start in range(24_000, 2 * 48_000, 24_000):
        samples[:, start : start + 2_400] = (20_000 * np.sin(np.arange(2_400) * 2 * np.pi / 48)).astype(np.int16)
    with av.open(str(path), "w") as output:
        picture = output.add_stream("libx264", rate=RATE, width=320, height=180, pix_fmt="yuv420p")
        sound = output.add_stream("aac", rate=48_000, layout="stereo")
        for number in range(2 * RATE):
            light = 235 if number and number % (RATE // 2 + 0.5) < 1 else 40
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), light, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(picture.encode(frame))
        for start in range(0, samples.shape[1], 1_024):
            part = np.ascontiguousarray(samples[:, start : start + 1_024].T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), start
            output.mux(sound.encode(frame))
        output.mux([*picture.encode(None), *sound.encode(None)])
    return path


@pytest.fixture
def project(tmp_path: Path, clip: Path, picture) -> Path:
    picture("still.png")
    path = tmp_path / "project.yaml"
    path.write_text(
        f"title: Own video\nstyle: {{size: 256x144, fps: {RATE}, profile: draft, crossfade: 0.2}}\nmusic: none\n"
        "intro: clip.mov\noutro: {video: clip.mov, from: 1.2, sound: mute}\n"
        "slides:\n  - {image: still.png, seconds: 1}\n  - {video: clip.mov, video_from: 0.4, title: Harbour}\n"
    )
    return path


def lights_and_beeps(path: Path) -> tuple[list[float], list[float]]:
    """When a flash is seen and when a beep begins to be heard [s]."""
    with av.open(str(path)) as video:
        light = [frame.reformat(format="gray").to_ndarray().mean() for frame in video.decode(video=0)]
    with av.open(str(path)) as video:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in video.decode(audio=0)])
    loud = np.abs(heard) > 0.1
    flashes = [n / RATE for n in range(1, len(light)) if light[n] > 180 and light[n - 1] < 180]
    quiet = np.convolve(loud, np.ones(480), "full")[: len(loud)] - loud  # loud samples in the 10 ms before
    onsets = np.flatnonzero(loud & (quiet == 0)) / 48_000
    return flashes, list(onsets)


def test_own_videos_are_seen_and_heard_and_can_be_rendered_again(studio, project: Path) -> None:
    outcome = studio.run("render", str(project), "--out", "out", "--json")
    assert outcome.code == 0, outcome.err
    out = studio.folder / "out"
    with av.open(str(out / "video.mp4")) as video:
        assert video.streams.video[0].frames == 45 + 25 + 35 + 20
        chapters = [
            (chapter["metadata"]["title"], float(chapter["start"] * chapter["time_base"]))
            for chapter in video.chapters()
        ]
    assert chapters == [("Intro", 0), ("Slide 1", 1.8), ("Harbour", 2.8), ("Outro", pytest.approx(4.2))]
    flashes, beeps = lights_and_beeps(out / "video.mp4")
    # The intro flashes at 0.5, 1 and 1.5 s, the slide at 0.1 (still under the picture before), 0.6 and 1.1 s of its
    # own, the muted outro at 0.3 s. The end of the one is seen while the next takes over.
    assert flashes == pytest.approx([0.52, 1.0, 1.52, 2.92, 3.4, 3.92, 4.52], abs=0.021)
    assert beeps == pytest.approx([0.5, 1.0, 1.5, 2.9, 3.4, 3.9], abs=0.002)
    report = json.loads((out / "report.json").read_text())
    assert {task["slide_number"] for task in report["tasks"] if task["stage"] == "render"} == {None, 1, 2}

    again = studio.run("render", str(out / "project.yaml"), "--out", "again", "--json")
    assert again.code == 0, again.err
    report = json.loads((studio.folder / "again" / "report.json").read_text())
    assert [task["stage"] for task in report["tasks"] if not task["reused"]] == ["assembly"]


def test_a_video_that_breaks_off_is_refused_with_slide_and_remedy(studio, project: Path, clip: Path) -> None:
    whole = clip.read_bytes()
    (project.parent / "part.mov").write_bytes(whole[: len(whole) // 2])
    text = project.read_text().replace("video: clip.mov, video_from", "video: part.mov, video_from")
    project.write_text(text)
    outcome = studio.run("render", str(project), "--out", "out")
    assert outcome.code == 1
    assert "slide 2: part.mov:" in outcome.err
    assert "again" in outcome.err
    assert not (studio.folder / "out" / "video.mp4").exists()
