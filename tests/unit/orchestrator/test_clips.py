"""Own video on the timeline: which frames are seen, which samples are heard, and what a segment says of it."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.domain.layout import SlideParts, build_timeline, segment_specs
from services.orchestrator.domain.plan import has_sound, production_tasks, segment_task
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import (
    Camera,
    ClipCut,
    MusicMode,
    RevisionOutline,
    RevisionTitles,
    SlideLook,
    SlideOutline,
    SlidePart,
    VoiceMode,
)
from shared.contracts.timeline import SAMPLE_RATE, Rate, VideoCodec, VideoReference

TITLES = RevisionTitles(title="T", slides={"intro": "Intro", "outro": "Outro"})
RATES = [Rate(numerator=24), Rate(numerator=25), Rate(numerator=30), Rate(numerator=60)]
RATES += [Rate(numerator=30_000, denominator=1_001)]


def asset(name: str, media_type: str = "image/png") -> AssetReference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(key=f"accounts/a/assets/{sha256}", sha256=sha256, size_bytes=1, media_type=media_type)


def video(name: str = "v", *, frames: int = 300, rate: Rate = RATES[2], sound: bool = True) -> VideoReference:
    samples = round(frames / rate.fraction * SAMPLE_RATE)
    return VideoReference(
        asset=asset(name, "video/mp4"),
        width=1280,
        height=720,
        rate=rate,
        frames=frames,
        poster=ImageReference(asset=asset(f"{name}-poster"), width=1280, height=720),
        audio=AudioReference(asset=asset(f"{name}-sound"), samples=samples) if sound else None,
    )


def shown(cut: ClipCut, ms: int = 4_000, number: int | None = 1, **look: object) -> SlideParts:
    return SlideParts(
        slide_id="s" if number else "intro",
        image=cut.video.poster,
        voice=None,
        words=(),
        silent_ms=ms,
        look=SlideLook(clip=cut, **look),
        number=number,
    )


def outline(**changes: object) -> RevisionOutline:
    return RevisionOutline(project_id="p", revision_id="r").model_copy(update=changes)


def test_a_clip_begins_with_the_frame_nearest_to_the_time_that_was_given() -> None:
    cut = ClipCut(video=video(rate=RATES[4]), from_ms=1_500)
    (spec,) = segment_specs(outline(), shown(cut), None)
    assert spec.clip.moving is not None
    assert spec.clip.moving.first_frame == 45  # 1.5015 s; frame 44 begins at 1.468 s
    late = ClipCut(video=video(frames=30), from_ms=999)
    assert segment_specs(outline(), shown(late), None)[0].clip.moving.first_frame == 29  # the last there is


def test_a_segment_says_of_a_clip_only_what_is_seen() -> None:
    loud = ClipCut(video=video(), is_heard=True, gain_db=6)
    muted = ClipCut(video=video(sound=False))
    assert segment_specs(outline(), shown(loud), None) == segment_specs(outline(), shown(muted), None)


def test_what_moves_by_itself_has_no_camera_move_unless_one_is_asked_for() -> None:
    still = segment_specs(outline(), shown(ClipCut(video=video())), None)[0].clip.motion
    moved = segment_specs(outline(), shown(ClipCut(video=video()), camera=Camera.ZOOM_IN), None)[0].clip.motion
    assert still.start == still.end
    assert moved.start.zoom_permille < moved.end.zoom_permille


def test_a_clip_goes_on_while_the_next_slide_fades_in() -> None:
    first, second = shown(ClipCut(video=video("a"))), shown(ClipCut(video=video("b")))
    spec = segment_specs(outline(), second, first)[0]
    assert spec.before is not None
    assert spec.before.moving == segment_specs(outline(), first, None)[0].clip.moving


@given(
    st.sampled_from(RATES),
    st.sampled_from(RATES),
    st.integers(0, 8_000),
    st.integers(100, 12_000),
    st.integers(1, 500),
)
def test_the_sound_of_a_clip_begins_with_its_first_frame_and_ends_with_it_or_before(
    rate: Rate, of_video: Rate, from_ms: int, ms: int, frames: int
) -> None:
    cut = ClipCut(video=video(frames=frames, rate=of_video), from_ms=from_ms, is_heard=True)
    before = shown(ClipCut(video=video("other")), ms=1_234)
    timeline = build_timeline(outline(rate=rate), [before, shown(cut, ms)], TITLES, None)
    clip, start = timeline.pictures[1], timeline.rate.samples_at_frame(timeline.start_frame_of(1))
    assert clip.moving is not None
    exact = Fraction(clip.moving.first_frame * SAMPLE_RATE) / of_video.fraction
    for sound in timeline.sounds:
        assert sound.start_sample == start
        assert abs(sound.from_sample - exact) <= Fraction(1, 2)
        assert sound.from_sample + sound.samples <= cut.video.audio.samples
        assert sound.start_sample + sound.samples <= timeline.samples
    assert len(timeline.sounds) == (exact < cut.video.audio.samples)


def test_sounds_of_clips_fade_into_each_other_as_their_pictures_do() -> None:
    cut = ClipCut(video=video(), from_ms=1_000, is_heard=True)
    first, second, third = build_timeline(outline(), [shown(cut), shown(cut), shown(cut)], TITLES, None).sounds
    half_a_second, brief = SAMPLE_RATE // 2, SAMPLE_RATE // 100
    assert (first.fade_in_samples, first.fade_out_samples) == (brief, half_a_second)
    assert (second.fade_in_samples, second.fade_out_samples) == (half_a_second, half_a_second)
    assert (third.fade_in_samples, third.fade_out_samples) == (half_a_second, brief)
    assert first.start_sample + first.samples == second.start_sample + half_a_second


def test_a_sound_that_ends_early_fades_over_what_is_left_of_it() -> None:
    cut = ClipCut(video=video(frames=120), is_heard=True)  # 4 s
    following = shown(ClipCut(video=video("b")))
    whole = build_timeline(outline(), [shown(cut, ms=3_700), following], TITLES, None).sounds[0]
    assert (whole.samples, whole.fade_out_samples) == (4 * SAMPLE_RATE, SAMPLE_RATE * 3 // 10)
    short = build_timeline(outline(), [shown(cut, ms=5_000), following], TITLES, None).sounds[0]
    assert (short.samples, short.fade_out_samples) == (4 * SAMPLE_RATE, SAMPLE_RATE // 100)


def test_a_muted_clip_and_one_without_sound_are_not_heard() -> None:
    slides = [shown(ClipCut(video=video())), shown(ClipCut(video=video("b", sound=False), is_heard=True))]
    assert build_timeline(outline(), slides, TITLES, None).sounds == ()


def test_chapters_name_intro_and_outro_and_count_the_slides_of_the_author() -> None:
    intro, slide = shown(ClipCut(video=video()), number=None), shown(ClipCut(video=video("b")), number=1)
    outro = shown(ClipCut(video=video("c")), number=None)
    chapters = build_timeline(outline(), [intro, slide, outro], TITLES, None).chapters
    assert [(chapter.title, chapter.slide_number) for chapter in chapters] == [
        ("Intro", None),
        ("Slide 1", 1),
        ("Intro", None),
    ]


def silent(cut: ClipCut, part: SlidePart = SlidePart.SLIDE) -> SlideOutline:
    return SlideOutline(
        slide_id=part.value,
        number=1,
        part=part,
        image=cut.video.poster,
        voice_mode=VoiceMode.SILENT,
        silent_ms=4_000,
        look=SlideLook(clip=cut),
    )


@pytest.mark.parametrize(
    ("cut", "heard"),
    [
        (ClipCut(video=video(), is_heard=True), True),
        (ClipCut(video=video()), False),
        (ClipCut(video=video(sound=False), is_heard=True), False),
    ],
)
def test_a_video_is_mixed_only_when_something_of_it_is_heard(cut: ClipCut, heard: bool) -> None:
    planned = outline(slides=(silent(cut),), music_mode=MusicMode.NONE)
    assert has_sound(planned) is heard
    assert [task.key for task in production_tasks(planned)] == (["mix", "assemble"] if heard else ["assemble"])


def test_errors_of_an_intro_name_no_slide() -> None:
    cut, spec = ClipCut(video=video()), asset("spec")
    parts = (SlidePart.INTRO, SlidePart.SLIDE, SlidePart.OUTRO)
    tasks = [segment_task(silent(cut, part), 0, VideoCodec.H264, spec) for part in parts]
    assert [task.slide_number for task in tasks] == [None, 1, None]
    assert len({task.key for task in tasks}) == 3
