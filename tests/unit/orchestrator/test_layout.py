"""Where slides, voices and captions lie in time."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.domain.captions import MIN_MS, caption_cues, characters_that_fit
from services.orchestrator.domain.layout import SlideParts, build_timeline, segment_specs, slide_frames
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline, RevisionTitles
from shared.contracts.tasks import SpokenWord
from shared.contracts.timeline import CaptionStyle, FrameSize, Rate

TITLES = RevisionTitles(title="T", slides={})


def asset(name: str) -> AssetReference:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(key=f"accounts/a/assets/{sha256}", sha256=sha256, size_bytes=1, media_type="image/png")


def slide(name: str, seconds: float = 3.0, text: str = "one two three.") -> SlideParts:
    samples = int(seconds * 48_000)
    words = text.split()
    step = samples // (len(words) + 1)
    return SlideParts(
        slide_id=name,
        image=ImageReference(asset=asset(name), width=2208, height=1242),
        voice=AudioReference(asset=asset(f"{name}-voice"), samples=samples),
        words=tuple(
            SpokenWord(text=word, start_sample=i * step, end_sample=(i + 1) * step) for i, word in enumerate(words)
        ),
        silent_ms=None,
    )


def outline(**changes: object) -> RevisionOutline:
    return RevisionOutline(project_id="p", revision_id="r").model_copy(update=changes)


def specs(slides: list[SlideParts], **changes: object) -> list[str]:
    """The stored bytes of all segments of a video."""
    before: list[SlideParts | None] = [None, *slides]
    return [
        spec.model_dump_json()
        for parts, prior in zip(slides, before, strict=False)
        for spec in segment_specs(outline(**changes), parts, prior)
    ]


@pytest.mark.parametrize("place", [0, 1, 10, 20])
def test_inserting_a_slide_makes_at_most_three_new_segments(place: int) -> None:
    slides = [slide(f"s{n}", seconds=3 + n % 4) for n in range(20)]
    before = set(specs(slides))

    after = specs([*slides[:place], slide("new"), *slides[place:]])

    assert len([spec for spec in after if spec not in before]) <= 3


def test_editing_one_slide_changes_it_and_the_crossfade_after_it() -> None:
    slides = [slide(f"s{n}") for n in range(20)]
    before = set(specs(slides))
    slides[7] = slide("s7", seconds=5)
    assert len([spec for spec in specs(slides) if spec not in before]) == 2


def test_what_is_read_on_a_silent_slide_is_its_caption() -> None:
    silent = replace(slide("s", seconds=2), voice=None, silent_ms=3_000)
    [spec] = segment_specs(outline(), silent, None)
    assert [(cue.text, cue.start_frame) for cue in spec.clip.cues] == [("one two three.", 15)]
    assert spec.clip.cues[0].end_frame < spec.frames == 90


def test_a_long_slide_is_split_and_only_its_first_part_knows_the_slide_before() -> None:
    parts = segment_specs(outline(), slide("long", seconds=25), slide("before"))
    assert [part.first_frame for part in parts] == [0, 300, 600]
    assert sum(part.frames for part in parts) == slide_frames(Rate(numerator=30), slide("long", seconds=25))
    assert [part.before is not None for part in parts] == [True, False, False]


@given(
    lengths=st.lists(st.integers(1, 20_000), min_size=1, max_size=8),
    rate=st.sampled_from([(24, 1), (25, 1), (30, 1), (60, 1), (30000, 1001)]),
    crossfade=st.integers(0, 3000),
)
def test_segments_cover_the_timeline_exactly(lengths: list[int], rate: tuple[int, int], crossfade: int) -> None:
    shape = outline(rate=Rate(numerator=rate[0], denominator=rate[1]), crossfade_ms=crossfade)
    slides = [slide(f"s{n}", seconds=ms / 1000) for n, ms in enumerate(lengths)]
    before: list[SlideParts | None] = [None, *slides]

    timeline = build_timeline(shape, slides, TITLES, None)
    parts = [part for s, b in zip(slides, before, strict=False) for part in segment_specs(shape, s, b)]

    assert sum(part.frames for part in parts) == timeline.frames
    assert [chapter.start_frame for chapter in timeline.chapters] == [
        timeline.start_frame_of(index) for index in range(len(slides))
    ]
    for voice, clip_start in zip(timeline.voices, timeline.chapters, strict=True):
        start = timeline.rate.samples_at_frame(clip_start.start_frame)
        end = start + timeline.rate.samples_at_frame(timeline.pictures[0].frames)
        assert voice.start_sample >= start
        assert end > start
    assert max(v.start_sample + v.audio.samples for v in timeline.voices) <= timeline.samples


@given(
    words=st.lists(
        st.tuples(st.text("abcdé अ,.", min_size=1, max_size=14), st.integers(1, 30_000), st.integers(0, 40_000)),
        max_size=60,
    )
)
def test_captions_never_overlap_and_keep_every_word_in_order(words: list[tuple[str, int, int]]) -> None:
    spoken, sample = [], 0
    for text, length, pause in words:
        if text.strip():
            spoken.append(SpokenWord(text=text.strip(), start_sample=sample, end_sample=sample + length))
            sample += length + pause
    frames = Rate(numerator=30).frames_for_samples(sample) + 33

    cues = caption_cues(Rate(numerator=30), spoken, lead_frames=15, frames=frames)

    assert [word.text for cue in cues for word in cue.words] == [word.text for word in spoken]
    assert all(cue.text == " ".join(word.text for word in cue.words) for cue in cues)
    ends = [0, *(cue.end_frame for cue in cues)]
    starts = [*(cue.start_frame for cue in cues), frames]
    assert all(end <= start for end, start in zip(ends, starts, strict=True))


def test_a_caption_is_seen_long_enough_to_be_read() -> None:
    words = [SpokenWord(text="Hi.", start_sample=0, end_sample=2_000)]
    (cue,) = caption_cues(Rate(numerator=30), words, lead_frames=15, frames=200)
    assert cue.end_frame - cue.start_frame >= MIN_MS * 30 // 1000


@pytest.mark.parametrize(("size", "fits"), [((1920, 1080), 64), ((1080, 1080), 62), ((1080, 1920), 34)])
def test_captions_of_a_narrow_frame_are_shorter(size: tuple[int, int], fits: int) -> None:
    frame = FrameSize(width=size[0], height=size[1])
    words = slide("x", seconds=20, text="a few more words and then some " * 8).words

    limit = characters_that_fit(frame, CaptionStyle())
    cues = caption_cues(Rate(numerator=30), words, lead_frames=15, frames=700, max_characters=limit)

    assert limit == fits
    assert all(len(cue.text) <= limit for cue in cues)


def test_captions_break_at_sentences() -> None:
    cues = caption_cues(
        Rate(numerator=30),
        slide("x", seconds=6, text="Bees see a map. It is made of scent, light and colour.").words,
        lead_frames=15,
        frames=300,
    )
    assert [cue.text for cue in cues] == ["Bees see a map.", "It is made of scent, light and colour."]


def test_the_same_picture_always_moves_the_same_way() -> None:
    first, second = (segment_specs(outline(), slide("same"), before)[0] for before in (None, slide("b")))
    assert first.clip.motion == second.clip.motion
