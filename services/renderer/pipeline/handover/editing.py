"""The timeline in OpenTimelineIO form, so that the video can be taken apart in an editor."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import opentimelineio as otio

from services.renderer.pipeline.sound.bed import loop_overlap
from shared.contracts.references import AssetReference, AudioReference
from shared.contracts.timeline import (
    SAMPLE_RATE,
    ClipSound,
    MovingPicture,
    MusicBed,
    PictureClip,
    Rate,
    Timeline,
    Transition,
    TransitionKind,
    VoiceClip,
)

_SUFFIXES = {"image/png": "png", "audio/wav": "wav", "audio/flac": "flac", "video/mp4": "mp4"}
_KEY = "studiomatic"


def editing_timeline(timeline: Timeline) -> str:
    """OTIO JSON with picture, voice, clip sound and music tracks.

    Media are named by :func:`media_name`, never by place; what else is needed to bring them stands in the metadata
    of each reference. Titles, captions and camera moves are metadata of the clips.
    """
    result = otio.schema.Timeline(name=timeline.title or "video")
    result.tracks.append(_picture_track(timeline))
    result.tracks.extend(_sound_tracks("Voice", [_narration(voice) for voice in timeline.voices]))
    result.tracks.extend(_sound_tracks("Clip sound", [_clip_sound(sound) for sound in timeline.sounds]))
    if timeline.music is not None:
        result.tracks.append(_music_track(timeline.music, timeline.samples))
    result.tracks.markers.extend(_chapter_markers(timeline))
    result.metadata[_KEY] = {
        "size": timeline.size.model_dump(),
        "language": timeline.language,
        "loudness_lufs": timeline.loudness_lufs,
    }
    return str(result.to_json_string(indent=1))


def media_name(asset: AssetReference) -> str:
    """Relative name under which the timeline expects a source file beside it."""
    return f"media/{asset.sha256}.{_SUFFIXES.get(asset.media_type, 'bin')}"


def _picture_track(timeline: Timeline) -> otio.schema.Track:
    track = otio.schema.Track(name="Pictures", kind=otio.schema.TrackKind.Video)
    rate = _number(timeline.rate)
    fades = [*(clip.transition_in.frames for clip in timeline.pictures[1:]), 0]
    for number, (clip, fade_out) in enumerate(zip(timeline.pictures, fades, strict=True)):
        if clip.transition_in.frames and number > 0:
            track.append(_taking_over(clip.transition_in, rate))
        items = (
            _still_items(clip, fade_out, rate)
            if clip.moving is None
            else _moving_items(clip, clip.moving, timeline.rate)
        )
        for item in items:
            item.name = _clip_name(timeline, number)
            item.metadata[_KEY] = _picture_metadata(clip)
            track.append(item)
    return track


def _clip_name(timeline: Timeline, number: int) -> str:
    """As the author counts, who does not count intro and outro; these have names of their own."""
    chapters = timeline.chapters
    if number >= len(chapters) or not any(chapter.slide_number for chapter in chapters):
        return f"Slide {number + 1}"
    counted = chapters[number].slide_number
    return f"Slide {counted}" if counted else chapters[number].title


def _still_items(clip: PictureClip, fade_out: int, rate: float) -> Iterator[otio.schema.Clip]:
    """A still, with handles for as long as it is seen under the next slide."""
    media = _external(clip.image.asset, _range(0, clip.frames + fade_out, rate))
    yield otio.schema.Clip(media_reference=media, source_range=_range(0, clip.frames, rate))


def _moving_items(clip: PictureClip, moving: MovingPicture, rate: Rate) -> Iterator[otio.schema.Clip]:
    """A video; where it ends before the slide, its last frame is an item of its own that stands."""
    left = moving.video.frames - moving.first_frame
    moves = min(clip.frames, math.ceil(left * rate.fraction / moving.video.rate.fraction))
    yield _video_item(moving, moving.first_frame, moves, rate)
    if moves < clip.frames:
        standing = _video_item(moving, moving.video.frames - 1, clip.frames - moves, rate)
        standing.effects.append(otio.schema.FreezeFrame())
        yield standing


def _video_item(moving: MovingPicture, first_frame: int, frames: int, rate: Rate) -> otio.schema.Clip:
    """A piece of a video: it starts at a frame of the video and lasts for frames of the timeline."""
    own_rate = _number(moving.video.rate)
    return otio.schema.Clip(
        media_reference=_external(moving.video.asset, _range(0, moving.video.frames, own_rate)),
        source_range=otio.opentime.TimeRange(_time(first_frame, own_rate), _time(frames, _number(rate))),
    )


def _picture_metadata(clip: PictureClip) -> dict[str, Any]:
    return {
        "motion": clip.motion.model_dump(mode="json"),
        "fit": clip.fit.value,
        "captions": [cue.model_dump(include={"start_frame", "end_frame", "text"}) for cue in clip.cues],
        "titles": [title.model_dump(mode="json") for title in clip.titles],
    }


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A sound at its place; all numbers are samples."""

    name: str
    audio: AudioReference
    start: int
    first: int
    samples: int
    metadata: dict[str, Any] = field(default_factory=dict)


def _narration(voice: VoiceClip) -> _Placed:
    return _Placed(
        name="Narration", audio=voice.audio, start=voice.start_sample, first=0, samples=voice.audio.samples
    )


def _clip_sound(sound: ClipSound) -> _Placed:
    return _Placed(
        name="Clip sound",
        audio=sound.audio,
        start=sound.start_sample,
        first=sound.from_sample,
        samples=sound.samples,
        metadata={"gain_db": sound.gain_db},
    )


def _sound_tracks(name: str, sounds: Sequence[_Placed]) -> list[otio.schema.Track]:
    """One track, and more only where sounds overlap."""
    tracks: list[otio.schema.Track] = []
    ends: list[int] = []
    for sound in sorted(sounds, key=lambda sound: sound.start):
        number = next((n for n, end in enumerate(ends) if end <= sound.start), len(tracks))
        if number == len(tracks):
            tracks.append(otio.schema.Track(name=f"{name} {number + 1}", kind=otio.schema.TrackKind.Audio))
            ends.append(0)
        if sound.start > ends[number]:
            tracks[number].append(otio.schema.Gap(source_range=_range(0, sound.start - ends[number], SAMPLE_RATE)))
        tracks[number].append(_sound_item(sound))
        ends[number] = sound.start + sound.samples
    return tracks


def _music_track(bed: MusicBed, samples: int) -> otio.schema.Track:
    """The music as often as it is repeated; each repetition fades in over the end of the one before."""
    track = otio.schema.Track(name="Music", kind=otio.schema.TrackKind.Audio)
    track.metadata[_KEY] = {"gain_db": bed.gain_db, "duck_db": bed.duck_db}
    overlap = loop_overlap(bed.audio.samples)
    for start in range(0, samples, bed.audio.samples - overlap):
        length = min(bed.audio.samples - overlap, samples - start)
        if start > 0 and overlap:
            track.append(_dissolve(min(overlap, length), SAMPLE_RATE))
        track.append(_sound_item(_Placed(name="Music", audio=bed.audio, start=start, first=0, samples=length)))
    return track


def _sound_item(sound: _Placed) -> otio.schema.Clip:
    item = otio.schema.Clip(
        name=sound.name,
        media_reference=_external(sound.audio.asset, _range(0, sound.audio.samples, SAMPLE_RATE)),
        source_range=_range(sound.first, sound.samples, SAMPLE_RATE),
    )
    if sound.metadata:
        item.metadata[_KEY] = sound.metadata
    return item


def _chapter_markers(timeline: Timeline) -> Iterator[otio.schema.Marker]:
    rate = _number(timeline.rate)
    for chapter in timeline.chapters:
        yield otio.schema.Marker(name=chapter.title, marked_range=_range(chapter.start_frame, 0, rate))


def _taking_over(transition: Transition, rate: float) -> otio.schema.Transition:
    """A transition; only the crossfade has a name that other programs know."""
    result = _dissolve(transition.frames, rate)
    if transition.kind is not TransitionKind.CROSSFADE:
        result.transition_type = otio.schema.TransitionTypes.Custom
        result.name = transition.kind.value
    result.metadata[_KEY] = transition.model_dump(mode="json")
    return result


def _dissolve(length: int, rate: float) -> otio.schema.Transition:
    """The clip before goes on below the first ``length`` frames of the next."""
    return otio.schema.Transition(
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=_time(0, rate),
        out_offset=_time(length, rate),
    )


def _external(asset: AssetReference, available: otio.opentime.TimeRange) -> otio.schema.ExternalReference:
    result = otio.schema.ExternalReference(target_url=media_name(asset), available_range=available)
    result.metadata[_KEY] = asset.model_dump(include={"sha256", "size_bytes", "media_type"})
    return result


def _number(rate: Rate) -> float:
    return float(rate.fraction)


def _range(start: int, length: int, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(_time(start, rate), _time(length, rate))


def _time(value: int, rate: float) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(value, rate)
