"""Segments: exact in length, equal whichever process makes them, and joined without a seam."""

from __future__ import annotations

import av
import numpy as np
import pytest

from services.renderer.child import RenderChild
from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.segment import render_segment
from services.renderer.template import ChildTemplate
from services.renderer.work import RenderSegmentWork
from shared.contracts.timeline import EncodingProfile, Rate


def silent(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 31])
def test_a_segment_has_exactly_its_frames_starting_at_zero(studio, tmp_path, frames):
    report = render_segment(
        studio.spec(studio.clip(studio.scenery(1), frames)), studio.images, tmp_path / "s.mp4", silent
    )
    with av.open(str(tmp_path / "s.mp4")) as container:
        shown = sorted(f.pts * f.time_base * 30 for f in container.decode(video=0))
        assert not container.streams.audio
    assert shown == list(range(frames))
    assert report.frames == frames


@pytest.mark.parametrize("profile", list(EncodingProfile))
def test_a_segment_is_high_profile_and_tagged_bt709(studio, tmp_path, profile):
    spec = studio.spec(studio.clip(studio.scenery(1), 3), profile=profile)
    render_segment(spec, studio.images, tmp_path / "s.mp4", silent)
    with av.open(str(tmp_path / "s.mp4")) as container:
        context = next(container.decode(video=0)) and container.streams.video[0].codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert (context.profile, context.pix_fmt, tags) == ("High", "yuv420p", (1, 1, 1, 1))
    settings = (tmp_path / "s.mp4").read_bytes()
    assert all(word in settings for word in (b" threads=1 ", b" open_gop=0 ", b" scenecut=0 ", b" mbtree=1 "))


def test_frames_of_segments_equal_those_of_a_single_pass(studio, composed, spoken_cue):
    before = studio.clip(studio.scenery(1), 20)
    clip = studio.clip(studio.scenery(2), 30, fade=6, cues=[spoken_cue("Bees find flowers", 3, 8)])
    whole = composed(SegmentComposer(studio.spec(clip, before), studio.images), studio.size, range(30))
    pieces = []
    for first, frames in ((0, 1), (1, 3), (4, 16), (20, 10)):
        spec = studio.spec(clip, before, first_frame=first, frames=frames)
        pieces += composed(SegmentComposer(spec, studio.images), studio.size, range(first, first + frames))
    assert all(
        np.array_equal(a, b) for one, two in zip(whole, pieces, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_joining_changes_no_frame(studio, tmp_path, decoded):
    clip = studio.clip(studio.scenery(1), 45)
    files = []
    for number, (first, frames) in enumerate([(0, 1), (1, 3), (4, 2), (6, 30), (36, 9)]):
        files.append(SegmentFile(path=tmp_path / f"{number}.mp4", frames=frames))
        spec = studio.spec(clip, first_frame=first, frames=frames)
        render_segment(spec, studio.images, files[-1].path, silent)
    assemble_video(studio.timeline([clip]), files, None, tmp_path / "joined.mp4", silent)
    apart = [planes for file in files for planes in decoded(file.path)]
    joined = decoded(tmp_path / "joined.mp4")
    assert all(
        np.array_equal(a, b) for one, two in zip(apart, joined, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_a_segment_rendered_in_two_processes_is_byte_identical(studio, tmp_path, never, spoken_cue):
    clip = studio.clip(studio.scenery(2), 40, fade=5, cues=[spoken_cue("Bees fly 🐝", 0, 10)])
    spec = studio.spec(clip, studio.clip(studio.scenery(1), 20))
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    made = []
    for number in (1, 2):
        child = RenderChild(ChildTemplate())
        out = tmp_path / f"{number}.mp4"
        work = RenderSegmentWork(spec=tmp_path / "spec.json", images=studio.images, out=out)
        child.run(work, on_progress=silent, deadline_s=60, cancelled=never)
        child.kill()
        made.append(out.read_bytes())
    render_segment(spec, studio.images, tmp_path / "here.mp4", silent)
    assert made[0] == made[1] == (tmp_path / "here.mp4").read_bytes()


def test_a_segment_at_a_fractional_rate_keeps_exact_times(studio, tmp_path):
    spec = studio.spec(studio.clip(studio.scenery(1), 5), rate=Rate(numerator=30_000, denominator=1_001))
    render_segment(spec, studio.images, tmp_path / "s.mp4", silent)
    with av.open(str(tmp_path / "s.mp4")) as container:
        times = [f.pts * f.time_base * 30_000 for f in container.decode(video=0)]
    assert times == [0, 1_001, 2_002, 3_003, 4_004]


def test_progress_counts_every_frame(studio, tmp_path):
    seen = []
    spec = studio.spec(studio.clip(studio.scenery(1), 4))
    render_segment(spec, studio.images, tmp_path / "s.mp4", lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
