"""The timeline in OpenTimelineIO form, so that the video can be taken apart in an editor."""

from __future__ import annotations

from collections.abc import Iterator

import opentimelineio as otio

from services.renderer.pipeline.sound.bed import loop_overlap
from shared.contracts.references import AssetReference, AudioReference
from shared.contracts.timeline import SAMPLE_RATE, MusicBed, PictureClip, Timeline, TransitionKind

_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "audio/wav": "wav"}
_KEY = "studiomatic"


def editing_timeline(timeline: Timeline) -> str:
    """OTIO JSON with picture, voice and music tracks; media are named by :func:`media_name`, never by place."""
    result = otio.schema.Timeline(name=timeline.title or "video")
    result.tracks.append(_picture_track(timeline))
    result.tracks.extend(_voice_tracks(timeline))
    if timeline.music is not None:
        result.tracks.append(_music_track(timeline.music, timeline.samples))
    result.tracks.markers.extend(_chapter_markers(timeline))
    result.metadata[_KEY] = {"size": timeline.size.model_dump(), "language": timeline.language}
    return str(result.to_json_string(indent=1))


def media_name(asset: AssetReference) -> str:
    """Relative name under which the timeline expects a source file beside it."""
    return f"media/{asset.sha256}.{_SUFFIXES.get(asset.media_type, 'bin')}"


def _picture_track(timeline: Timeline) -> otio.schema.Track:
    track = otio.schema.Track(name="Pictures", kind=otio.schema.TrackKind.Video)
    rate = float(timeline.rate.fraction)
    for number, clip in enumerate(timeline.pictures):
        if clip.transition_in.kind is TransitionKind.CROSSFADE and number > 0:
            track.append(_dissolve(clip.transition_in.frames, rate))
        track.append(_picture_clip(clip, number, rate))
    return track


def _picture_clip(clip: PictureClip, number: int, rate: float) -> otio.schema.Clip:
    result = otio.schema.Clip(
        name=f"Slide {number + 1}",
        media_reference=_external(clip.image.asset, max(clip.frames, clip.motion_frames), rate),
        source_range=_range(0, clip.frames, rate),
    )
    result.metadata[_KEY] = {
        "motion": clip.motion.model_dump(),
        "captions": [cue.model_dump(include={"start_frame", "end_frame", "text"}) for cue in clip.cues],
    }
    return result


def _voice_tracks(timeline: Timeline) -> list[otio.schema.Track]:
    """One track, and more only where narrations overlap."""
    tracks: list[otio.schema.Track] = []
    ends: list[int] = []
    for voice in sorted(timeline.voices, key=lambda voice: voice.start_sample):
        number = next((n for n, end in enumerate(ends) if end <= voice.start_sample), len(tracks))
        if number == len(tracks):
            tracks.append(otio.schema.Track(name=f"Voice {number + 1}", kind=otio.schema.TrackKind.Audio))
            ends.append(0)
        if voice.start_sample > ends[number]:
            gap = _range(0, voice.start_sample - ends[number], SAMPLE_RATE)
            tracks[number].append(otio.schema.Gap(source_range=gap))
        tracks[number].append(_sound_clip("Narration", voice.audio, voice.audio.samples))
        ends[number] = voice.start_sample + voice.audio.samples
    return tracks


def _music_track(bed: MusicBed, samples: int) -> otio.schema.Track:
    """The music as often as it is repeated; each repetition fades in over the end of the one before."""
    track = otio.schema.Track(name="Music", kind=otio.schema.TrackKind.Audio)
    track.metadata[_KEY] = {"gain_db": bed.gain_db, "duck_db": bed.duck_db}
    overlap = loop_overlap(bed.audio.samples)
    for start in range(0, samples, bed.audio.samples - overlap):
        if start > 0 and overlap:
            track.append(_dissolve(overlap, SAMPLE_RATE))
        length = min(bed.audio.samples - overlap, samples - start)
        track.append(_sound_clip("Music", bed.audio, length))
    return track


def _sound_clip(name: str, audio: AudioReference, samples: int) -> otio.schema.Clip:
    return otio.schema.Clip(
        name=name,
        media_reference=_external(audio.asset, audio.samples, SAMPLE_RATE),
        source_range=_range(0, samples, SAMPLE_RATE),
    )


def _chapter_markers(timeline: Timeline) -> Iterator[otio.schema.Marker]:
    rate = float(timeline.rate.fraction)
    for chapter in timeline.chapters:
        yield otio.schema.Marker(name=chapter.title, marked_range=_range(chapter.start_frame, 0, rate))


def _dissolve(length: int, rate: float) -> otio.schema.Transition:
    """The clip before goes on below the first ``length`` frames of the next."""
    return otio.schema.Transition(
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=otio.opentime.RationalTime(0, rate),
        out_offset=otio.opentime.RationalTime(length, rate),
    )


def _external(asset: AssetReference, length: int, rate: float) -> otio.schema.ExternalReference:
    return otio.schema.ExternalReference(target_url=media_name(asset), available_range=_range(0, length, rate))


def _range(start: int, length: int, rate: float) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(length, rate)
    )
