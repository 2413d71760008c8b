"""The editing timeline tells all of a timeline's tracks and ranges: they can be read back from it."""

from __future__ import annotations

import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from services.renderer.pipeline.handover.editing import editing_timeline
from services.renderer.pipeline.sound.bed import loop_overlap
from shared.contracts.references import AssetReference, AudioReference
from shared.contracts.timeline import (
    ClipSound,
    Direction,
    MovingPicture,
    MusicBed,
    Rate,
    Timeline,
    Transition,
    TransitionKind,
    VideoReference,
    VoiceClip,
)

RATES = [Rate(numerator=30), Rate(numerator=30_000, denominator=1_001), Rate(numerator=25)]
PUSH = Transition(kind=TransitionKind.PUSH, frames=12, direction=Direction.UP)
FADE = Transition(kind=TransitionKind.CROSSFADE, frames=20)


def asset(letter: str, media_type: str) -> AssetReference:
    return AssetReference(
        key=f"accounts/a/assets/{letter * 64}", sha256=letter * 64, size_bytes=7, media_type=media_type
    )


def sound(letter: str, samples: int) -> AudioReference:
    return AudioReference(asset=asset(letter, "audio/wav"), samples=samples)


@pytest.fixture
def rich(timeline):
    """Makes a timeline with everything in it: stills, videos that go on and that end, all tracks, overlaps."""

    def make(rate: Rate) -> Timeline:
        first, second, third = timeline().pictures
        film = VideoReference(
            asset=asset("f", "video/mp4"),
            width=640,
            height=360,
            rate=Rate(numerator=25),
            frames=80,
            poster=first.image,
        )
        pictures = (
            first.model_copy(update={"moving": MovingPicture(video=film, first_frame=5), "frames": 60}),
            second.model_copy(update={"transition_in": PUSH, "frames": 45}),
            third.model_copy(update={"moving": MovingPicture(video=film, first_frame=40), "transition_in": FADE}),
            second.model_copy(update={"transition_in": Transition()}),
        )
        voices = [
            VoiceClip(slide_id=f"s{n}", audio=sound("abc"[n], 90_000), start_sample=start)
            for n, start in enumerate((0, 60_000, 150_000))
        ]
        heard = ClipSound(
            audio=sound("d", 200_000), start_sample=10_000, from_sample=9_600, samples=80_000, gain_db=-3.0
        )
        return timeline(
            rate=rate,
            pictures=pictures,
            voices=voices,
            sounds=(heard,),
            music=MusicBed(audio=sound("e", 100_001), gain_db=-9, duck_db=-4),
        )

    return make


def read(timeline: Timeline) -> otio.schema.Timeline:
    return otio.adapters.read_from_string(editing_timeline(timeline), "otio_json")


def clips_of(track: otio.schema.Track) -> list[tuple[str, float, float, float]]:
    """Media, place in the track, first unit of the media and length of each clip, in the track's own units."""
    return [
        (
            clip.media_reference.target_url,
            track.range_of_child(clip).start_time.value,
            clip.source_range.start_time.value,
            clip.source_range.duration.value,
        )
        for clip in track.find_clips()
    ]


def media(reference: Any) -> str:
    suffix = {"image/png": "png", "audio/wav": "wav", "video/mp4": "mp4"}[reference.asset.media_type]
    return f"media/{reference.asset.sha256}.{suffix}"


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: str(rate.fraction))
def test_pictures_can_be_read_back(rich, rate):
    timeline = rich(rate)
    edit = read(timeline)
    track = edit.tracks[0]
    film, still, ends, last = timeline.pictures
    moves = -(-40 * rate.numerator // (25 * rate.denominator))  # of its 80 frames 40 are left
    assert clips_of(track) == [
        (media(film.moving.video), 0, 5, 60),
        (media(still.image), 60, 0, 45),
        (media(ends.moving.video), 105, 40, moves),
        (media(ends.moving.video), 105 + moves, 79, 90 - moves),
        (media(last.image), 195, 0, 90),
    ]
    assert track.duration() == otio.opentime.RationalTime(timeline.frames, float(rate.fraction))
    standing = [clip for clip in track.find_clips() if clip.effects]
    assert [type(clip.effects[0]) for clip in standing] == [otio.schema.FreezeFrame]
    assert standing[0] is list(track.find_clips())[3]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: str(rate.fraction))
def test_transitions_can_be_read_back(rich, rate):
    edit = read(rich(rate))
    found = [item for item in edit.tracks[0] if isinstance(item, otio.schema.Transition)]
    assert [Transition.model_validate(dict(item.metadata["studiomatic"])) for item in found] == [PUSH, FADE]
    assert [item.transition_type for item in found] == ["Custom_Transition", "SMPTE_Dissolve"]
    assert [(item.in_offset.value, item.out_offset.value) for item in found] == [(0, 12), (0, 20)]


def test_sounds_can_be_read_back(rich):
    timeline = rich(RATES[0])
    edit = read(timeline)
    tracks = {track.name: track for track in edit.tracks}
    assert list(tracks) == ["Pictures", "Voice 1", "Voice 2", "Clip sound 1", "Music"]
    voices = sorted(clips_of(tracks["Voice 1"]) + clips_of(tracks["Voice 2"]), key=lambda clip: clip[1])
    assert voices == [(media(voice.audio), voice.start_sample, 0, 90_000) for voice in timeline.voices]
    (heard,) = timeline.sounds
    assert clips_of(tracks["Clip sound 1"]) == [(media(heard.audio), 10_000, 9_600, 80_000)]
    (clip,) = tracks["Clip sound 1"].find_clips()
    assert clip.metadata["studiomatic"]["gain_db"] == heard.gain_db
    assert dict(tracks["Music"].metadata["studiomatic"]) == {"gain_db": -9, "duck_db": -4}


@pytest.mark.parametrize("samples", [48_000, 100_001, 456_000, 1_000_000])
def test_music_covers_the_video_to_the_sample_and_overlaps_as_it_sounds(rich, samples):
    timeline = rich(RATES[0])
    timeline = timeline.model_copy(update={"music": MusicBed(audio=sound("e", samples))})
    edit = read(timeline)
    track = edit.tracks[-1]
    period = samples - loop_overlap(samples)
    lengths = [clip[3] for clip in clips_of(track)]
    starts = [clip[1] for clip in clips_of(track)]
    assert starts == [0, *accumulate(lengths[:-1])]
    assert sum(lengths) == timeline.samples
    assert set(lengths[:-1]) <= {period}
    for item in track:
        if isinstance(item, otio.schema.Transition):
            assert item.out_offset.value <= track.neighbors_of(item)[1].source_range.duration.value


def test_every_item_lies_within_its_media_or_stands(rich):
    edit = read(rich(RATES[0]))
    for clip in edit.find_clips():
        available, used = clip.media_reference.available_range, clip.source_range
        assert (
            clip.effects
            or used.end_time_exclusive() <= available.end_time_exclusive() + otio.opentime.RationalTime(1, 25)
        )
        assert used.start_time >= available.start_time


def test_media_tell_what_is_needed_to_bring_them_and_nothing_of_their_place(rich):
    text = editing_timeline(rich(RATES[0]))
    edit = otio.adapters.read_from_string(text, "otio_json")
    for clip in edit.find_clips():
        told = dict(clip.media_reference.metadata["studiomatic"])
        assert clip.media_reference.target_url.startswith(f"media/{told['sha256']}.")
        assert told["size_bytes"] > 0
    assert "accounts/" not in text


def test_an_edit_decision_list_has_every_slide_and_transition(rich, tmp_path):
    """CMX 3600 with the command of the documentation; the form has no room for more than two tracks of sound."""
    (tmp_path / "timeline.otio").write_text(editing_timeline(rich(RATES[0])))
    command = [Path(sys.executable).with_name("otioconvert"), "-T", "0"]
    subprocess.run([*command, "-i", "timeline.otio", "-o", "cut.edl"], cwd=tmp_path, check=True)
    events = [line.split() for line in (tmp_path / "cut.edl").read_text().splitlines() if line[:3].isdigit()]
    assert [event[3] for event in events] == ["C", "C", "D", "C", "D", "C", "C"]
    assert [event[4] for event in events if event[3] == "D"] == ["012", "020"]
    assert events[-1][-1] == "00:00:09:15"
