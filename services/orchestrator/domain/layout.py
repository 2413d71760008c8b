"""Places slides, narration and captions in time: from finished parts to segment specs and the Timeline.

Everything about a slide depends on that slide and, for the crossfade, on the one before it, never on its
position: inserting a slide leaves all other segments as they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.orchestrator.domain.caption_looks import style_shown
from services.orchestrator.domain.captions import caption_cues, characters_that_fit
from services.orchestrator.domain.clips import clip_sound, moving_picture, still_by_default
from services.orchestrator.domain.motion import motion_for
from services.orchestrator.domain.takeovers import transition_for, usual_frames
from services.orchestrator.domain.titles import SlideTexts, look_shown, titles_for
from shared.contracts.references import AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline, RevisionTitles, SlideLook
from shared.contracts.tasks import SpokenWord
from shared.contracts.timeline import (
    Chapter,
    ClipSound,
    ClipTail,
    MusicBed,
    PictureClip,
    Rate,
    SegmentSpec,
    Timeline,
    Transition,
    VoiceClip,
)

LEAD_MS = 500
"""Picture before the first word, so that a crossfade is over when the voice starts [ms]."""

TRAIL_MS = 600
"""Picture after the last word, so that a thought can settle [ms]."""

SEGMENT_MS = 10_000
"""A long slide is split at multiples of this, counted from its own start [ms]."""

MUSIC_ALONE_GAIN_DB = -4.0
"""Music is the programme, not the bed, when nobody speaks [dB]."""


@dataclass(frozen=True, kw_only=True)
class SlideTiming:
    """What decides how long a slide is shown; known before its picture is.

    ``voice`` is absent on a silent slide, which is shown for ``silent_ms``; its ``words`` are read, if it has any.
    """

    slide_id: str
    voice: AudioReference | None
    words: tuple[SpokenWord, ...]
    silent_ms: int | None
    look: SlideLook = field(default_factory=SlideLook)
    number: int | None = None
    """As the author counts; none for intro and outro."""


@dataclass(frozen=True, kw_only=True)
class SlideParts(SlideTiming):
    """One slide whose parts are all known."""

    image: ImageReference
    texts: SlideTexts = field(default_factory=SlideTexts)


def slide_frames(rate: Rate, parts: SlideTiming) -> int:
    """How long a slide is shown [frames]."""
    pause = frames_of(rate, parts.look.pause_ms)
    if parts.voice is None:
        return max(1, frames_of(rate, parts.silent_ms or 0)) + pause
    spoken = rate.frames_for_samples(parts.voice.samples)
    return frames_of(rate, LEAD_MS) + spoken + frames_of(rate, TRAIL_MS) + pause


def segment_specs(
    outline: RevisionOutline, parts: SlideParts, before: SlideParts | None
) -> tuple[SegmentSpec, ...]:
    """The segments of one slide, in order; their frames add up to the slide's.

    Args:
        before: The slide before it, none for the first.
    """
    clip = picture_clip(outline, parts, before)
    step = frames_of(outline.rate, SEGMENT_MS)
    return tuple(
        _segment(outline, clip, before, first, min(step, clip.frames - first))
        for first in range(0, clip.frames, step)
    )


def frame_spec(outline: RevisionOutline, parts: SlideParts, before: SlideParts | None, frame: int) -> SegmentSpec:
    """One frame of a slide alone.

    Args:
        before: The slide before it; needed only while that is still seen.
        frame: Counted from the slide's first.
    """
    return _segment(outline, picture_clip(outline, parts, before), before, frame, 1)


def transition_frames(outline: RevisionOutline, timing: SlideTiming, before: SlideTiming | None) -> int:
    """For how many frames of a slide the one before it is still seen."""
    return _transition(outline, timing, before).frames


def picture_clip(outline: RevisionOutline, parts: SlideParts, before: SlideParts | None) -> PictureClip:
    """One slide on the picture track."""
    frames = slide_frames(outline.rate, parts)
    transition = _transition(outline, parts, before)
    return PictureClip(
        **_shown(outline, parts, frames),
        transition_in=transition,
        titles=titles_for(outline.rate, parts.texts, frames, transition.frames),
        cues=caption_cues(
            outline.rate,
            parts.words,
            lead_frames=frames_of(outline.rate, LEAD_MS),
            frames=frames,
            max_characters=characters_that_fit(outline.size, outline.caption_style),
        ),
    )


def build_timeline(
    outline: RevisionOutline, slides: Sequence[SlideParts], titles: RevisionTitles, music: AudioReference | None
) -> Timeline:
    """The whole video; all parts of all slides are known."""
    before: list[SlideParts | None] = [None, *slides]
    clips = tuple(picture_clip(outline, parts, prior) for parts, prior in zip(slides, before, strict=False))
    starts = list(_starts(clips))
    voices = tuple(
        VoiceClip(
            slide_id=parts.slide_id,
            audio=parts.voice,
            start_sample=outline.rate.samples_at_frame(start + frames_of(outline.rate, LEAD_MS)),
        )
        for parts, start in zip(slides, starts, strict=True)
        if parts.voice is not None
    )
    return Timeline(
        rate=outline.rate,
        size=outline.size,
        profile=outline.profile,
        title=titles.title,
        language=outline.language,
        caption_style=outline.caption_style,
        look=outline.look,
        pictures=clips,
        chapters=tuple(
            Chapter(
                slide_id=parts.slide_id,
                title=titles.slides.get(parts.slide_id) or f"Slide {parts.number or number}",
                start_frame=start,
                slide_number=parts.number,
            )
            for number, (parts, start) in enumerate(zip(slides, starts, strict=True), start=1)
        ),
        voices=voices,
        sounds=tuple(_clip_sounds(outline.rate, slides, clips)),
        music=_music_bed(outline, music, spoken=bool(voices)),
        loudness_lufs=outline.loudness_lufs,
        outputs=outline.outputs,
    )


def _clip_sounds(rate: Rate, slides: Sequence[SlideParts], clips: Sequence[PictureClip]) -> Iterator[ClipSound]:
    transitions = [*(clip.transition_in.frames for clip in clips), 0]
    for number, (parts, clip, start) in enumerate(zip(slides, clips, _starts(clips), strict=True)):
        cut, (takes_over, tail) = parts.look.clip, transitions[number : number + 2]
        if cut and (sound := clip_sound(cut, rate, start, frames=clip.frames, takes_over=takes_over, tail=tail)):
            yield sound


def frames_of(rate: Rate, milliseconds: int) -> int:
    """Whole frames nearest to a time."""
    return round(rate.fraction * milliseconds / 1000)


def _music_bed(outline: RevisionOutline, music: AudioReference | None, *, spoken: bool) -> MusicBed | None:
    if music is None:
        return None
    usual = MusicBed(audio=music).gain_db if spoken else MUSIC_ALONE_GAIN_DB
    level = outline.music_level_db
    return MusicBed(audio=music, gain_db=usual if level is None else level, duck_db=outline.music_duck_db)


def _starts(clips: Sequence[PictureClip]) -> Iterator[int]:
    start = 0
    for clip in clips:
        yield start
        start += clip.frames


def _segment(
    outline: RevisionOutline, clip: PictureClip, before: SlideParts | None, first_frame: int, frames: int
) -> SegmentSpec:
    """One piece of a clip; it mentions only the transition, the titles and the cues that it shows."""
    in_transition = first_frame < clip.transition_in.frames
    last_frame = first_frame + frames
    style = outline.caption_style
    cues = clip.cues if style.burn_in else ()
    shown = clip.model_copy(
        update={
            "transition_in": clip.transition_in if in_transition else Transition(),
            "cues": tuple(c for c in cues if c.start_frame < last_frame and c.end_frame > first_frame),
            "titles": tuple(t for t in clip.titles if t.start_frame < last_frame and t.end_frame > first_frame),
        }
    )
    return SegmentSpec(
        rate=outline.rate,
        size=outline.size,
        profile=outline.profile,
        caption_style=style_shown(style, has_cues=bool(shown.cues), has_titles=bool(shown.titles)),
        look=look_shown(outline.look, shown.titles),
        clip=shown,
        before=_tail(outline, before) if in_transition and before else None,
        first_frame=first_frame,
        frames=frames,
    )


def _tail(outline: RevisionOutline, parts: SlideParts) -> ClipTail:
    frames = slide_frames(outline.rate, parts)
    return ClipTail(**_shown(outline, parts, frames))


def _shown(outline: RevisionOutline, parts: SlideParts, frames: int) -> dict[str, Any]:
    """What a slide and its tail have in common.

    The motion goes on while the next slide takes over; the same for the last slide, so that one may follow.
    """
    motion_frames = frames + usual_frames(outline)
    seconds = float(motion_frames / outline.rate.fraction)
    return {
        "image": parts.image.model_copy(update={"interest": None}),  # the motion says all that frames show of it
        "moving": moving_picture(parts.look.clip) if parts.look.clip else None,
        "fit": parts.look.fit,
        "frames": frames,
        "motion_frames": motion_frames,
        "motion": motion_for(parts.image, still_by_default(parts.look), outline.size, seconds),
    }


def _transition(outline: RevisionOutline, parts: SlideTiming, before: SlideTiming | None) -> Transition:
    if before is None:
        return Transition()
    frames, frames_before = (slide_frames(outline.rate, timing) for timing in (parts, before))
    return transition_for(outline, parts.look, frames, frames_before)
