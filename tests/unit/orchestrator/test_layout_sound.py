"""Pauses, the level of the music and the loudness, as the author wants them."""

from __future__ import annotations

import pytest

from services.orchestrator.domain.layout import SlideParts, build_timeline, slide_frames
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline, RevisionTitles, SlideLook
from shared.contracts.timeline import Rate, Timeline

NTSC = Rate(numerator=30_000, denominator=1_001)


def asset(letter: str) -> AssetReference:
    return AssetReference(
        key=f"accounts/a/assets/{letter * 64}", sha256=letter * 64, size_bytes=1, media_type="image/png"
    )


MUSIC = AudioReference(asset=asset("c"), samples=48_000)


def slide(pause_ms: int = 0, *, spoken: bool = True) -> SlideParts:
    return SlideParts(
        slide_id="s",
        image=ImageReference(asset=asset("a"), width=10, height=10),
        voice=AudioReference(asset=asset("b"), samples=96_000) if spoken else None,
        words=(),
        silent_ms=None if spoken else 4_000,
        look=SlideLook(pause_ms=pause_ms),
    )


def timeline(*slides: SlideParts, music: AudioReference | None = MUSIC, **fields: object) -> Timeline:
    outline = RevisionOutline(project_id="p", revision_id="r").model_copy(update=fields)
    return build_timeline(outline, slides, RevisionTitles(title="T", slides={}), music)


@pytest.mark.parametrize("spoken", [True, False])
def test_a_pause_makes_its_slide_longer_and_moves_what_follows(spoken: bool) -> None:
    plain, paused = (timeline(slide(ms, spoken=spoken), slide()) for ms in (0, 1_500))
    assert paused.pictures[0].frames - plain.pictures[0].frames == 45
    assert paused.pictures[1].frames == plain.pictures[1].frames
    assert paused.voices[-1].start_sample - plain.voices[-1].start_sample == 72_000
    assert paused.voices[0].start_sample == plain.voices[0].start_sample or not spoken


def test_a_pause_is_whole_frames_at_any_rate() -> None:
    assert slide_frames(NTSC, slide(1_000)) - slide_frames(NTSC, slide()) == 30


@pytest.mark.parametrize(
    ("spoken", "level", "gain"), [(True, None, -12), (False, None, -4), (True, -20.0, -20), (False, 2.0, 2)]
)
def test_music_is_as_loud_as_wanted_or_as_is_usual(spoken: bool, level: float | None, gain: float) -> None:
    bed = timeline(slide(spoken=spoken), music_level_db=level, music_duck_db=-3.0).music
    assert bed is not None
    assert (bed.gain_db, bed.duck_db) == (gain, -3)


def test_the_loudness_is_the_outlines() -> None:
    assert timeline(slide(), loudness_lufs=-16.0).loudness_lufs == -16
    assert timeline(slide()).loudness_lufs == -14


def test_no_music_is_no_bed() -> None:
    assert timeline(slide(), music=None).music is None


@pytest.mark.parametrize("rate", [Rate(numerator=30), NTSC])
def test_each_of_a_hundred_voices_starts_at_most_one_sample_from_its_frame(rate: Rate) -> None:
    long = timeline(*[slide(ms) for ms in range(100)], rate=rate)
    lead = round(rate.fraction / 2)
    for number, voice in enumerate(long.voices):
        exact = (long.start_frame_of(number) + lead) * 48_000 / rate.fraction
        assert 0 <= exact - voice.start_sample < 1
