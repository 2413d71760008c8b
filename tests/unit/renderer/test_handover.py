"""Captions, word timings and the editing timeline, as other programs read them."""

from __future__ import annotations

import json
import re

import opentimelineio as otio
import pytest

from services.renderer.pipeline.handover.editing import editing_timeline
from services.renderer.pipeline.handover.subtitles import srt, webvtt
from services.renderer.pipeline.handover.words import words_json
from shared.contracts.timeline import CaptionWord, Chapter, Cue, Rate

FIRST = Cue(start_frame=0, end_frame=45, text="Bees  see\u00a0ultraviolet light,")
SECOND = Cue(
    start_frame=6,
    end_frame=60,
    text="and <so> & you --> don't.",
    words=(
        CaptionWord(text="and", start_frame=6, end_frame=20),
        CaptionWord(text="don't.", start_frame=30, end_frame=60),
    ),
)


@pytest.fixture
def captioned(timeline):
    return timeline(cues=((FIRST,), (SECOND,), ()))


def test_subrip_keeps_every_space_and_counts_from_the_start_of_the_video(captioned):
    assert srt(captioned).replace("\N{WORD JOINER}", "") == (
        "1\n00:00:00,000 --> 00:00:01,500\nBees  see\u00a0ultraviolet light,\n\n"
        "2\n00:00:03,200 --> 00:00:05,000\nand <so> & you --> don't.\n"
    )


def test_webvtt_keeps_every_space_and_escapes_what_would_be_markup(captioned):
    assert webvtt(captioned) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nBees  see\u00a0ultraviolet light,\n\n"
        "00:00:03.200 --> 00:00:05.000\nand &lt;so&gt; &amp; you --&gt; don't.\n"
    )


def test_an_empty_line_does_not_end_a_cue(timeline):
    cue = Cue(start_frame=0, end_frame=30, text="one\n\n  two")
    assert srt(timeline(cues=((cue,), (), ()))) == "1\n00:00:00,000 --> 00:00:01,000\none\n  two\n"


def test_times_beyond_an_hour_and_at_fractional_rates_are_exact(timeline):
    cue = Cue(start_frame=215_784, end_frame=215_814, text="late")
    clip = timeline().pictures[0].model_copy(update={"frames": 216_000, "cues": (cue,)})
    late = timeline(pictures=(clip,), rate=Rate(numerator=30_000, denominator=1_001))
    assert srt(late).splitlines()[1] == "01:59:59,993 --> 02:00:00,994"


def test_a_video_without_captions_has_empty_but_valid_files(timeline):
    assert srt(timeline()) == ""
    assert webvtt(timeline()) == "WEBVTT\n"


def test_word_timings_are_in_frames_and_milliseconds_of_the_video(captioned):
    words = json.loads(words_json(captioned))
    assert (words["language"], words["rate"], words["frames"]) == ("en", {"numerator": 30, "denominator": 1}, 270)
    assert words["cues"][1]["slide"] == 2
    assert words["cues"][1]["words"][1] == {
        "text": "don't.",
        "start_frame": 120,
        "end_frame": 150,
        "start_ms": 4_000,
        "end_ms": 5_000,
    }


def test_slides_are_counted_as_the_author_does_who_does_not_count_the_intro(captioned):
    numbers = (None, 1, 2)
    chapters = tuple(
        Chapter(slide_id=f"s{n}", title=f"T{n}", start_frame=n * 90, slide_number=number)
        for n, number in enumerate(numbers)
    )
    framed = captioned.model_copy(update={"chapters": chapters})
    pictures = otio.adapters.read_from_string(editing_timeline(framed), "otio_json").tracks[0]
    assert [item.name for item in pictures if isinstance(item, otio.schema.Clip)] == ["T0", "Slide 1", "Slide 2"]
    assert [cue["slide"] for cue in json.loads(words_json(framed))["cues"]][-1] == 1


def test_the_editing_timeline_has_all_tracks_at_the_videos_length(captioned):
    edit = otio.adapters.read_from_string(editing_timeline(captioned), "otio_json")
    pictures, voice, music = edit.tracks
    assert (edit.name, len(edit.tracks)) == ("How bees find flowers", 3)
    assert pictures.duration() == otio.opentime.RationalTime(270, 30)
    assert music.duration() == otio.opentime.RationalTime(9 * 48_000, 48_000)
    starts = [voice.range_of_child(c).start_time.value for c in voice if isinstance(c, otio.schema.Clip)]
    assert starts == [4_800, 148_800, 292_800]


def test_the_editing_timeline_fades_like_the_video(captioned):
    edit = otio.adapters.read_from_string(editing_timeline(captioned), "otio_json")
    fades = [item for item in edit.tracks[0] if isinstance(item, otio.schema.Transition)]
    assert [(f.in_offset.value, f.out_offset.value, f.transition_type) for f in fades] == [
        (0, 10, "SMPTE_Dissolve")
    ] * 2


def test_media_are_named_beside_the_timeline_and_never_by_place(captioned):
    edit = otio.adapters.read_from_string(editing_timeline(captioned), "otio_json")
    urls = {clip.media_reference.target_url for clip in edit.find_clips()}
    assert captioned.pictures[0].image.asset.sha256 in " ".join(urls)
    assert all(url.startswith("media/") and url.endswith((".png", ".wav")) for url in urls)


def test_overlapping_narrations_lie_on_two_tracks(timeline):
    voices = [v.model_copy(update={"start_sample": n * 48_000}) for n, v in enumerate(timeline().voices)]
    edit = otio.adapters.read_from_string(editing_timeline(timeline(voices=voices)), "otio_json")
    assert [track.name for track in edit.tracks] == ["Pictures", "Voice 1", "Voice 2", "Music"]


def test_chapters_become_markers(timeline):
    chapters = (Chapter(slide_id="s", title="Intro", start_frame=15),)
    edit = otio.adapters.read_from_string(editing_timeline(timeline(chapters=chapters)), "otio_json")
    assert [(m.name, m.marked_range.start_time.value) for m in edit.tracks.markers] == [("Intro", 15)]


def test_what_looks_like_a_tag_in_subrip_is_read_as_written(timeline):
    cue = Cue(start_frame=0, end_frame=30, text="<b>5 < 6</b> {\\an8} {}")
    text = srt(timeline(cues=((cue,), (), ())))
    assert not re.search(r"<[a-z/]|\{\\", text)
    assert text.replace("\N{WORD JOINER}", "").splitlines()[2] == cue.text
