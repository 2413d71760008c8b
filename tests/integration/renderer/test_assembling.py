"""The joined video: whole, in time, playable from its first bytes, and refused when it is not."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import pytest

from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.audio import mix_audio
from services.renderer.pipeline.errors import BadAssemblyError, BadSegmentError
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.segment import render_segment
from services.renderer.pipeline.verify import index_comes_first, verify_video
from shared.contracts.timeline import Chapter, EncodingProfile, Rate


def silent(done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture
def rendered(studio, tmp_path):
    """Renders every clip of a timeline as one segment."""

    def render(timeline, **fields) -> list[SegmentFile]:
        files = []
        for number, clip in enumerate(timeline.pictures):
            before = timeline.pictures[number - 1] if number else None
            spec = studio.spec(clip, before, rate=timeline.rate, **fields)
            path = tmp_path / f"segment{number}.mp4"
            render_segment(spec, studio.images, path, silent)
            files.append(SegmentFile(path=path, frames=clip.frames))
        return files

    return render


@pytest.mark.parametrize(("slides", "frames"), [(1, 7), (6, 20), (100, 3)])
def test_picture_and_sound_agree_within_one_frame(studio, rendered, tmp_path, slides, frames):
    image, voice = studio.scenery(1), studio.tone(0.05)
    clips = [studio.clip(image, frames, fade=2 if n else 0) for n in range(slides)]
    voices = [(voice, n * frames * 1_600) for n in range(slides)]
    timeline = studio.timeline(clips, voices)
    mix_audio(timeline, studio.sounds, tmp_path / "sound.m4a", silent)
    report = assemble_video(timeline, rendered(timeline), tmp_path / "sound.m4a", tmp_path / "video.mp4", silent)
    assert (report.frames, report.samples) == (slides * frames, slides * frames * 1_600)
    with av.open(str(tmp_path / "video.mp4")) as container:
        shown = sum(1 for _ in container.decode(video=0))
    with av.open(str(tmp_path / "video.mp4")) as container:
        heard = max(frame.time + frame.samples / 48_000 for frame in container.decode(audio=0))
        streams = container.streams
        lengths = [s.duration * s.time_base for s in (streams.video[0], streams.audio[0])]
        assert container.start_time == 0
    assert shown == slides * frames
    assert lengths == [Fraction(slides * frames, 30)] * 2
    assert abs(heard - slides * frames / 30) < 1 / 30


def test_every_frame_follows_the_one_before_by_one_tick(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(1), n) for n in (1, 3, 2, 17, 1, 40)])
    assemble_video(timeline, rendered(timeline), None, tmp_path / "video.mp4", silent)
    with av.open(str(tmp_path / "video.mp4")) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    assert sorted(p.pts * p.time_base * 30 for p in packets) == list(range(64))
    assert {b.dts - a.dts for a, b in pairwise(packets)} == {512}


def test_a_fractional_rate_stays_exact(studio, rendered, tmp_path):
    ntsc = Rate(numerator=30_000, denominator=1_001)
    timeline = studio.timeline([studio.clip(studio.scenery(1), n) for n in (10, 5)], rate=ntsc)
    mix_audio(timeline, studio.sounds, tmp_path / "sound.m4a", silent)
    report = assemble_video(timeline, rendered(timeline), tmp_path / "sound.m4a", tmp_path / "video.mp4", silent)
    assert report.samples == 15 * 48_000 * 1_001 // 30_000
    with av.open(str(tmp_path / "video.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.duration * stream.time_base == Fraction(15 * 1_001, 30_000)
        assert stream.average_rate == Fraction(30_000, 1_001)


def test_chapters_title_and_index_come_with_the_video(studio, rendered, tmp_path):
    chapters = [Chapter(slide_id=f"s{n}", title=f"Bees & <{n}>", start_frame=n * 15) for n in range(3)]
    clips = [studio.clip(studio.scenery(1), 15) for _ in range(3)]
    timeline = studio.timeline(clips, title="How bees find flowers", chapters=tuple(chapters))
    assemble_video(timeline, rendered(timeline), None, tmp_path / "video.mp4", silent)
    assert index_comes_first(tmp_path / "video.mp4")
    with av.open(str(tmp_path / "video.mp4")) as container:
        assert container.metadata["title"] == "How bees find flowers"
        found = [
            (c["metadata"]["title"], c["start"] * c["time_base"], c["end"] * c["time_base"])
            for c in container.chapters()
        ]
        context = next(container.decode(video=0)) and container.streams.video[0].codec_context
    half = Fraction(1, 2)
    assert found == [(f"Bees & <{n}>", n * half, (n + 1) * half) for n in range(3)]
    assert (context.profile, context.colorspace, context.color_primaries, context.color_trc) == ("High", 1, 1, 1)


def test_the_same_parts_give_the_same_bytes(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(1), 9)], [(studio.tone(0.2), 0)])
    segments = rendered(timeline)
    mix_audio(timeline, studio.sounds, tmp_path / "sound.m4a", silent)
    for name in ("one.mp4", "two.mp4"):
        assemble_video(timeline, segments, tmp_path / "sound.m4a", tmp_path / name, silent)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_a_truncated_segment_is_refused_by_its_number(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(n), 12) for n in range(2)])
    segments = rendered(timeline)
    segments[1].path.write_bytes(segments[1].path.read_bytes()[:-300])
    with pytest.raises(BadSegmentError, match="segment 1 "):
        assemble_video(timeline, segments, None, tmp_path / "video.mp4", silent)


def test_a_segment_with_fewer_frames_than_stated_is_refused(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(n), 12) for n in range(2)])
    segments = rendered(timeline)
    short = studio.clip(studio.scenery(0), 11)
    render_segment(studio.spec(short), studio.images, segments[0].path, silent)
    with pytest.raises(BadSegmentError, match="segment 0 holds 11 frames instead of 12"):
        assemble_video(timeline, segments, None, tmp_path / "video.mp4", silent)


def test_segments_that_do_not_fill_the_timeline_are_refused(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(n), 12) for n in range(2)])
    with pytest.raises(BadAssemblyError, match="hold 12 frames, the timeline 24"):
        assemble_video(timeline, rendered(timeline)[:1], None, tmp_path / "video.mp4", silent)


def test_a_segment_of_other_settings_is_refused(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(n), 12) for n in range(2)])
    segments = rendered(timeline)
    other = studio.spec(timeline.pictures[1], profile=EncodingProfile.HIGH)
    render_segment(other, studio.images, segments[1].path, silent)
    with pytest.raises(BadSegmentError, match="segment 1 was encoded with other settings"):
        assemble_video(timeline, segments, None, tmp_path / "video.mp4", silent)


def test_a_sound_of_another_length_is_refused(studio, rendered, tmp_path):
    timeline = studio.timeline([studio.clip(studio.scenery(1), 12)])
    longer = studio.timeline([studio.clip(studio.scenery(1), 13)])
    mix_audio(longer, studio.sounds, tmp_path / "sound.m4a", silent)
    with pytest.raises(BadAssemblyError, match="the sound lasts"):
        assemble_video(timeline, rendered(timeline), tmp_path / "sound.m4a", tmp_path / "video.mp4", silent)


def test_a_video_with_its_index_at_the_end_does_not_pass(studio, rendered):
    [segment] = rendered(studio.timeline([studio.clip(studio.scenery(1), 12)]))
    assert not index_comes_first(segment.path)
    with pytest.raises(BadAssemblyError, match="index"):
        verify_video(segment.path, studio.rate, 12, None)


@pytest.mark.parametrize("claimed", [11, 13])
def test_a_video_of_another_length_than_claimed_does_not_pass(studio, rendered, tmp_path, claimed):
    timeline = studio.timeline([studio.clip(studio.scenery(1), 12)])
    assemble_video(timeline, rendered(timeline), None, tmp_path / "video.mp4", silent)
    with pytest.raises(BadAssemblyError, match=f"shows 12 frames in place of {claimed}"):
        verify_video(tmp_path / "video.mp4", studio.rate, claimed, None)
