"""The independent look at a finished video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from shared.errors import BadMediaError
from shared.media.results import ChapterProbe, ColourTags, MediaKind
from shared.media.sandbox import MediaSandbox

Given = Callable[[str, bytes], Path]


def test_a_finished_video_is_reported_in_full(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given
) -> None:
    data = media_files.video(frames=60, chapters=2)
    probe = sandbox.probe_video(given("video.mp4", data))
    assert (probe.format, probe.size_bytes, probe.faststart) == ("mp4", len(data), True)
    assert probe.duration == pytest.approx(2, abs=0.001)
    picture = probe.video
    assert (picture.codec, picture.profile, picture.pixel_format) == ("h264", "High", "yuv420p")
    assert (picture.width, picture.height, picture.rate) == (128, 96, 30)
    assert (picture.frames, picture.duration, picture.start, picture.monotonic) == (60, 2, 0, True)
    assert picture.key_frames >= 1
    assert picture.colour == ColourTags(range="limited", matrix="bt709", primaries="bt709", transfer="bt709")
    assert probe.audio is not None
    assert (probe.audio.codec, probe.audio.profile, probe.audio.sample_rate) == ("aac", "LC", 48_000)
    assert (probe.audio.channels, probe.audio.layout, probe.audio.monotonic) == (2, "stereo", True)
    assert probe.audio.duration == pytest.approx(2, abs=0.001)
    assert probe.chapters == (
        ChapterProbe(title="Slide 1", start=Fraction(0), end=Fraction(1)),
        ChapterProbe(title="Slide 2", start=Fraction(1), end=Fraction(2)),
    )


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(50), Fraction(30_000, 1_001)])
@pytest.mark.parametrize("frames", [1, 2, 31])
def test_frames_are_counted_exactly_at_any_rate(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given, rate: Fraction, frames: int
) -> None:
    path = given("video.mp4", media_files.video(frames=frames, rate=rate, sound=False))
    probe = sandbox.probe_video(path)
    assert (probe.video.frames, probe.video.monotonic, probe.audio) == (frames, True, None)
    assert probe.video.duration == frames / rate
    if frames > 1:
        assert probe.video.rate == rate


def test_an_index_at_the_end_is_told(sandbox: MediaSandbox, media_files: ModuleType, given: Given) -> None:
    path = given("slow.mp4", media_files.video(faststart=False))
    assert sandbox.probe_video(path).faststart is False


def test_a_gap_between_frames_is_told(sandbox: MediaSandbox, media_files: ModuleType, given: Given) -> None:
    path = given("gap.mp4", media_files.video(frames=30, sound=False, skip=10))
    probe = sandbox.probe_video(path)
    assert (probe.video.frames, probe.video.monotonic) == (29, False)


def test_a_webm_video_has_no_index_to_place(sandbox: MediaSandbox, media_files: ModuleType, given: Given) -> None:
    probe = sandbox.probe_video(given("video.webm", media_files.video("webm", frames=15)))
    assert (probe.format, probe.faststart, probe.video.codec, probe.video.frames) == ("webm", None, "vp9", 15)
    assert probe.audio is not None
    assert probe.audio.codec == "opus"


def test_a_sound_where_a_video_is_wanted_is_refused(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given
) -> None:
    path = given("song.mp4", media_files.SMALL_FILES["sound.m4a"]())
    assert sandbox.probe(path).kind is MediaKind.AUDIO
    with pytest.raises(BadMediaError, match=r"song\.mp4: holds no moving picture"):
        sandbox.probe_video(path)


def test_a_video_that_breaks_off_is_seen_by_its_frames(
    sandbox: MediaSandbox, media_files: ModuleType, given: Given
) -> None:
    whole = media_files.video(frames=60)
    path = given("half.mp4", whole[: len(whole) // 2])
    assert sandbox.probe_video(path).video.frames < 60
