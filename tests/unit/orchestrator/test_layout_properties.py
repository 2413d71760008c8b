"""Whatever the slides, the rate and the transitions: frames add up, nothing is missing, and little changes with an edit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.orchestrator.domain.layout import SlideParts, build_timeline, frame_spec, segment_specs, slide_frames
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline, RevisionTitles, SlideLook, TransitionChoice
from shared.contracts.tasks import SpokenWord
from shared.contracts.timeline import Rate, SegmentSpec, TransitionKind

RATES = [
    Rate(numerator=numerator, denominator=denominator)
    for numerator, denominator in ((24, 1), (25, 1), (30, 1), (50, 1), (60, 1), (30_000, 1_001))
]

fairly_thorough = settings(max_examples=40, deadline=None)
rates = st.sampled_from(RATES)
choices = st.none() | st.builds(
    TransitionChoice, kind=st.sampled_from(TransitionKind), length_ms=st.none() | st.integers(0, 3_000)
)


@st.composite
def outlines(draw: st.DrawFn) -> RevisionOutline:
    """A revision's shape: any rate, any transition."""
    transition = draw(choices) or TransitionChoice()
    return RevisionOutline(
        project_id="p",
        revision_id="r",
        rate=draw(rates),
        crossfade_ms=draw(st.integers(0, 3_000)),
        transition=transition,
    )


@st.composite
def slideshows(draw: st.DrawFn, least: int = 1) -> list[SlideParts]:
    """Slides that speak, or are silent, for from one sample to 25 s, each with a picture of its own."""
    return [draw(slides(str(number))) for number in range(draw(st.integers(least, 6)))]


@st.composite
def slides(draw: st.DrawFn, name: str = "new") -> SlideParts:
    """One slide."""
    look = SlideLook(transition=draw(choices), pause_ms=draw(st.sampled_from([0, 0, 777])))
    common = {
        "slide_id": name,
        "image": ImageReference(asset=asset(name), width=1536, height=1024),
        "look": look,
    }
    if draw(st.booleans()):
        return SlideParts(**common, voice=None, words=(), silent_ms=draw(st.integers(1, 25_000)))
    samples = draw(st.integers(1, 25 * 48_000))
    count = draw(st.integers(0, min(40, samples)))
    words = tuple(
        SpokenWord(text=f"word{n}.", start_sample=samples * n // count, end_sample=samples * (n + 1) // count)
        for n in range(count)
    )
    voice = AudioReference(asset=asset(f"voice of {name}"), samples=samples)
    return SlideParts(**common, voice=voice, words=words, silent_ms=None)


def asset(name: str) -> AssetReference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(key=f"accounts/a/assets/{sha256}", sha256=sha256, size_bytes=1, media_type="image/png")


def segments(outline: RevisionOutline, show: Sequence[SlideParts]) -> list[tuple[SegmentSpec, ...]]:
    """The segments of each slide."""
    return [segment_specs(outline, parts, before) for parts, before in zip(show, [None, *show], strict=False)]


def made_anew(outline: RevisionOutline, old: Sequence[SlideParts], new: Sequence[SlideParts]) -> set[str]:
    """The slides of which some segment is not there yet."""
    there = {spec.model_dump_json() for specs in segments(outline, old) for spec in specs}
    return {
        parts.slide_id
        for parts, specs in zip(new, segments(outline, new), strict=True)
        if any(spec.model_dump_json() not in there for spec in specs)
    }


@fairly_thorough
@given(outline=outlines(), show=slideshows())
def test_the_frames_of_a_slides_segments_follow_each_other_without_a_gap(outline, show):
    for parts, specs in zip(show, segments(outline, show), strict=True):
        ends = [spec.first_frame + spec.frames for spec in specs]
        assert [spec.first_frame for spec in specs] == [0, *ends[:-1]]
        assert ends[-1] == slide_frames(outline.rate, parts)
        assert all(spec.frames > 0 for spec in specs)


@fairly_thorough
@given(outline=outlines(), show=slideshows())
def test_segments_show_what_the_timeline_says(outline, show):
    timeline = build_timeline(outline, show, RevisionTitles(title="T", slides={}), None)
    made = segments(outline, show)

    assert sum(spec.frames for specs in made for spec in specs) == timeline.frames
    for clip, specs in zip(timeline.pictures, made, strict=True):
        for spec in specs:
            assert (spec.clip.image, spec.clip.motion, spec.clip.frames) == (clip.image, clip.motion, clip.frames)
            assert (spec.before is not None) == (spec.first_frame < clip.transition_in.frames)
            assert set(spec.clip.cues) <= set(clip.cues)
        shown = [cue for spec in specs for cue in spec.clip.cues]
        assert set(shown) == set(clip.cues), "every caption is in the segments that it is seen in"


@fairly_thorough
@given(outline=outlines(), show=slideshows())
def test_captions_voices_and_chapters_lie_within_their_slides(outline, show):
    timeline = build_timeline(outline, show, RevisionTitles(title="T", slides={}), None)

    starts = [timeline.start_frame_of(index) for index in range(len(show))]
    assert [chapter.start_frame for chapter in timeline.chapters] == starts
    ends = dict(zip((parts.slide_id for parts in show), [*starts[1:], timeline.frames], strict=True))
    for voice in timeline.voices:
        assert voice.start_sample + voice.audio.samples <= outline.rate.samples_at_frame(ends[voice.slide_id])
    for clip in timeline.pictures:
        assert all(0 <= cue.start_frame < cue.end_frame <= clip.frames for cue in clip.cues)
        assert clip.transition_in.frames <= clip.frames


@fairly_thorough
@given(outline=outlines(), show=slideshows(), new=slides(), place=st.integers(0, 6))
def test_an_inserted_slide_makes_itself_and_the_one_after_it_anew(outline, show, new, place):
    place = min(place, len(show))
    after = [*show[:place], new, *show[place:]]
    assert made_anew(outline, show, after) <= {"new", *(parts.slide_id for parts in show[place : place + 1])}


@fairly_thorough
@given(outline=outlines(), show=slideshows(least=2), data=st.data())
def test_a_moved_slide_changes_only_where_another_slide_goes_before(outline, show, data):
    taken, place = data.draw(st.integers(0, len(show) - 1)), data.draw(st.integers(0, len(show) - 1))
    after = [parts for number, parts in enumerate(show) if number != taken]
    after.insert(place, show[taken])
    before = dict(zip((parts.slide_id for parts in show), [None, *show], strict=False))
    follows_another = {
        parts.slide_id
        for parts, prior in zip(after, [None, *after], strict=False)
        if before[parts.slide_id] is not prior
    }
    assert made_anew(outline, show, after) <= follows_another
    assert len(follows_another) <= 3


@fairly_thorough
@given(outline=outlines(), show=slideshows(least=2), data=st.data())
def test_another_picture_changes_its_slide_and_the_transition_after_it(outline, show, data):
    edited = data.draw(st.integers(0, len(show) - 1))
    after = list(show)
    after[edited] = replace(show[edited], image=ImageReference(asset=asset("other"), width=1536, height=1024))
    anew = made_anew(outline, show, after)
    assert show[edited].slide_id in anew
    assert anew <= {parts.slide_id for parts in show[edited : edited + 2]}
    for specs in segments(outline, after)[edited + 1 : edited + 2]:
        assert all(asset("other") not in pictures(spec) for spec in specs if spec.before is None)


def pictures(spec: SegmentSpec) -> list[AssetReference]:
    """What a segment shows."""
    return [spec.clip.image.asset, *([spec.before.image.asset] if spec.before else [])]


@fairly_thorough
@given(outline=outlines(), show=slideshows(), data=st.data())
def test_a_frame_alone_is_the_same_as_in_its_segment(outline, show, data):
    index = data.draw(st.integers(0, len(show) - 1))
    parts, before = show[index], show[index - 1] if index else None
    frame = data.draw(st.integers(0, slide_frames(outline.rate, parts) - 1))

    alone = frame_spec(outline, parts, before, frame)
    inside = next(
        spec
        for spec in segment_specs(outline, parts, before)
        if spec.first_frame <= frame < spec.first_frame + spec.frames
    )

    assert (alone.first_frame, alone.frames) == (frame, 1)
    assert alone.clip.motion == inside.clip.motion
    assert {cue for cue in inside.clip.cues if cue.start_frame <= frame < cue.end_frame} == set(alone.clip.cues)
    if alone.before is not None:
        assert (alone.before, alone.clip.transition_in) == (inside.before, inside.clip.transition_in)
