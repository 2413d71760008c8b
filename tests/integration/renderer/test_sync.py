"""Sound and picture of a finished video stay together, as another decoder plays it.

A hundred slides are black and white in turn, and each speaks a short chirp; the planner places them.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from services.orchestrator.domain.layout import LEAD_MS, SlideParts, build_timeline, frames_of, segment_specs
from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.audio import mix_audio
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.segment import render_segment
from shared.contracts.revisions import RevisionOutline, RevisionTitles, SlideLook
from shared.contracts.timeline import FrameSize, Rate, SegmentSpec

SAMPLE_RATE = 48_000
SLIDES = 100
RATES = {"30": Rate(numerator=30), "30000/1001": Rate(numerator=30_000, denominator=1_001)}


def chirp() -> np.ndarray:
    """40 ms from 300 to 3,000 Hz: like nothing but itself."""
    time = np.arange(SAMPLE_RATE // 25) / SAMPLE_RATE
    return 0.5 * np.hanning(len(time)) * np.sin(2 * np.pi * (300 * time + 33_750 * time**2))


@pytest.fixture
def video(studio, tmp_path):
    """Makes such a video at some rate; slides are not all equally long."""

    def make(rate: Rate) -> Path:
        pictures = [studio.picture(np.full((128, 128, 3), level, np.uint8)) for level in (0, 255)]
        voice = studio.sound(chirp())
        slides = [
            SlideParts(
                slide_id=f"s{n}",
                image=pictures[n % 2],
                voice=voice,
                words=(),
                silent_ms=None,
                look=SlideLook(pause_ms=37 * (n % 7)),
            )
            for n in range(SLIDES)
        ]
        size = FrameSize(width=128, height=128)
        outline = RevisionOutline(project_id="p", revision_id="r", rate=rate, size=size, crossfade_ms=0)
        timeline = build_timeline(outline, slides, RevisionTitles(title="Sync", slides={}), None)
        rendered: dict[SegmentSpec, SegmentFile] = {}  # equal slides share a segment
        specs = [
            spec
            for before, slide in itertools.pairwise([None, *slides])
            for spec in segment_specs(outline, slide, before)
        ]
        for spec in specs:
            if spec not in rendered:
                path = tmp_path / f"{len(rendered)}.mp4"
                render_segment(spec, studio.images, path, lambda done, total: None)
                rendered[spec] = SegmentFile(path=path, frames=spec.frames)
        mix_audio(timeline, studio.sounds, tmp_path / "sound.m4a", lambda done, total: None)
        target = tmp_path / "video.mp4"
        segments = [rendered[spec] for spec in specs]
        assemble_video(timeline, segments, tmp_path / "sound.m4a", target, lambda done, total: None)
        return target

    return make


def flashes(path: Path) -> list[Fraction]:
    """When the picture turned from black to white or back, its first frame included [s]."""
    command = ["ffmpeg", "-hide_banner", "-i", path, "-vf", "scale=16:16,showinfo", "-f", "null", "-"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    base = re.search(r"config in time_base: (\d+/\d+)", told)
    assert base is not None
    frames = re.findall(r"pts: *(\d+).*mean:\[(\d+)", told)
    shown = [(int(pts) * Fraction(base[1]), int(mean) > 128) for pts, mean in frames]
    changes = itertools.pairwise([(Fraction(0), None), *shown])
    return [at for (_, before), (at, bright) in changes if bright is not before]


def heard(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-f", "f32le", "-ac", "1", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<f4")


def place_of_chirp(samples: np.ndarray, expected: float) -> float:
    """Where a chirp starts, looked for within 20 ms [s]."""
    first = round((expected - 0.02) * SAMPLE_RATE)
    window = samples[first : first + len(chirp()) + SAMPLE_RATE // 25]
    return (first + int(np.correlate(window, chirp(), "valid").argmax())) / SAMPLE_RATE


@pytest.mark.parametrize("name", sorted(RATES))
def test_flash_and_beep_stay_within_a_millisecond_over_a_hundred_slides(video, name):
    path, rate = video(RATES[name]), RATES[name]
    lead = float(frames_of(rate, LEAD_MS) / rate.fraction)
    seen, samples = flashes(path), heard(path)
    assert len(seen) == SLIDES
    apart = [place_of_chirp(samples, float(flash) + lead) - float(flash) - lead for flash in seen]
    assert max(map(abs, apart)) < 0.001
    streams = json.loads(
        subprocess.run(
            ["ffprobe", "-v", "error", "-show_streams", "-of", "json", path], check=True, capture_output=True
        ).stdout
    )["streams"]
    tracks = {stream["codec_type"]: stream for stream in streams}
    assert {float(tracks[kind]["start_time"]) for kind in ("video", "audio")} == {0}
    lengths = [float(tracks[kind]["duration"]) for kind in ("video", "audio")]
    assert abs(lengths[0] - lengths[1]) <= 1.5 / SAMPLE_RATE
