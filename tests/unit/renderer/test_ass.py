"""The ASS file: read back by its own rules, its times add up, its style is that of the burned-in captions."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from services.renderer.pipeline.handover.ass import ass
from shared.contracts.timeline import CaptionMode, CaptionStyle, CaptionWord, Cue, Rate

CUE = Cue(
    start_frame=6,
    end_frame=66,
    text="Bees  see {it} \\now.",
    words=(
        CaptionWord(text="Bees", start_frame=9, end_frame=20),
        CaptionWord(text="see", start_frame=23, end_frame=31),
        CaptionWord(text="now", start_frame=40, end_frame=60),
    ),
)


def section(text: str, name: str) -> list[tuple[str, str]]:
    """Lines of a section as (descriptor, value)."""
    block = text.split(f"[{name}]\n")[1].split("\n\n")[0]
    return [(line.split(":", 1)[0], line.split(":", 1)[1].strip()) for line in block.strip().splitlines()]


def rows(text: str, name: str) -> list[dict[str, str]]:
    """Rows of a table, by the names that its format line gives."""
    (_, header), *lines = section(text, name)
    fields = [field.strip() for field in header.split(",")]
    return [dict(zip(fields, value.split(",", len(fields) - 1), strict=True)) for _, value in lines]


def centiseconds(time: str) -> int:
    hours, minutes, seconds = time.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 100)


@pytest.fixture
def written(timeline):
    def write(**style: object) -> str:
        return ass(timeline(cues=((), (CUE,), ()), caption_style=CaptionStyle(**style)))

    return write


@pytest.mark.parametrize(("mode", "tag"), [(CaptionMode.KARAOKE, "kf"), (CaptionMode.HIGHLIGHT, "k")])
def test_the_lengths_of_words_and_gaps_add_up_to_the_times_they_are_spoken(written, mode, tag):
    (event,) = rows(written(mode=mode), "Events")
    now, spoken = centiseconds(event["Start"]), {}
    for kind, length, text in re.findall(r"\{\\(kf?)(\d+)\}([^{]*(?:\\\{it\\\})?)", event["Text"]):
        if text.strip():
            assert kind == tag
            spoken[text.strip()] = (now, now + int(length))
        now += int(length)
    assert spoken["Bees"] == (330, 367)
    assert spoken["see"] == (377, 403)
    assert spoken["\\\u2060now."] == (433, 500)
    assert now <= centiseconds(event["End"]) == 520


def test_a_plain_caption_is_its_text_and_commands_in_it_are_harmless(written):
    (event,) = rows(written(mode=CaptionMode.SENTENCE), "Events")
    assert event["Text"] == "Bees  see \\{it\\} \\\u2060now."


def test_words_that_pop_up_follow_each_other_without_a_gap(written):
    events = rows(written(mode=CaptionMode.ONE_WORD), "Events")
    assert [re.sub(r"\{\\fscx.*?\)\}", "", event["Text"]) for event in events] == [
        "Bees",
        "see",
        "\\{it\\}",
        "\\\u2060now.",
    ]
    assert events[0]["Start"] == "0:00:03.20"
    assert all(one["End"] == other["Start"] for one, other in pairwise(events))
    assert events[-1]["End"] == "0:00:05.20"


def test_the_style_is_that_of_the_burned_in_captions(written):
    text = written(
        mode=CaptionMode.KARAOKE,
        text_colour="#112233",
        highlight_colour="#AABBCC",
        outline_colour="#040506",
        outline_permille=10,
        box_opacity_permille=0,
    )
    (style,) = rows(text, "V4+ Styles")
    assert (style["PrimaryColour"], style["SecondaryColour"]) == ("&H00CCBBAA", "&H00332211")
    assert (style["OutlineColour"], style["BorderStyle"], style["Outline"]) == ("&H00060504", "1", "10.8")
    assert (style["Alignment"], style["MarginV"], style["MarginL"]) == ("2", "130", "134")
    assert dict(section(text, "Script Info"))["PlayResY"] == "1080"


def test_a_box_is_as_dense_as_the_burned_in_one(written):
    (style,) = rows(written(box_opacity_permille=600, box_colour="#010203"), "V4+ Styles")
    assert (style["BorderStyle"], style["BackColour"]) == ("4", "&H66030201")


def test_letters_of_a_text_without_spaces_are_not_parted(timeline):
    cue = Cue(start_frame=0, end_frame=30, text="蜜蜂。飞")
    style = CaptionStyle(mode=CaptionMode.KARAOKE)
    (event,) = rows(ass(timeline(cues=((cue,), (), ()), caption_style=style)), "Events")
    assert re.sub(r"\{.*?\}", "", event["Text"]) == "蜜蜂。飞"


def test_a_video_without_captions_has_an_empty_but_valid_file(timeline):
    assert rows(ass(timeline(rate=Rate(numerator=25))), "Events") == []


def test_words_that_are_read_from_the_right_change_their_colour_one_by_one(timeline):
    words = (
        CaptionWord(text="النحل", start_frame=0, end_frame=15),
        CaptionWord(text="يرى", start_frame=15, end_frame=30),
    )
    cue = Cue(start_frame=0, end_frame=30, text="النحل يرى", words=words)
    style = CaptionStyle(mode=CaptionMode.KARAOKE, text_colour="#FFFFFF", highlight_colour="#112233")
    text = ass(timeline(cues=((cue,), (), ()), caption_style=style))
    (event,) = rows(text, "Events")
    assert re.findall(r"\\t\((\d+),(\d+),\\1c&H332211&\)", event["Text"]) == [("0", "500"), ("500", "1000")]
    assert rows(text, "V4+ Styles")[0]["Encoding"] == "-1"
