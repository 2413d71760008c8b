"""Captions as text: lines, direction, words and their times, and which font draws what."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.renderer.pipeline.caption_canvas import Canvas
from services.renderer.pipeline.caption_layout import captions_top, lay_out
from services.renderer.pipeline.caption_words import glances, shown_words, timed_words
from services.renderer.pipeline.direction import runs_right_to_left, visual_order
from services.renderer.pipeline.wrapping import balanced_lines, filled_lines
from shared.contracts.timeline import CaptionMode, CaptionStyle, CaptionWord, Cue, FrameSize
from shared.safe_area import safe_area

STYLE, WIDE, TALL = CaptionStyle(), FrameSize(width=1920, height=1080), FrameSize(width=1080, height=1920)
LONG = "The bees that live in this garden find their flowers by colour, by scent and by memory of the way. "


def cue_of(text: str, *words: tuple[str, int, int]) -> Cue:
    spoken = tuple(CaptionWord(text=word, start_frame=start, end_frame=end) for word, start, end in words)
    return Cue(start_frame=0, end_frame=100, text=text, words=spoken)


def test_lines_are_as_few_and_as_even_as_possible():
    assert balanced_lines([10] * 3, [1] * 3, 40, 2) == [range(3)]
    assert balanced_lines([10] * 5, [1] * 5, 40, 2) == [range(2), range(2, 5)]
    assert balanced_lines([30, 5, 5, 5], [1] * 4, 40, 2) == [range(1), range(1, 4)]


def test_text_that_cannot_fit_is_not_forced():
    assert balanced_lines([30] * 3, [1] * 3, 40, 2) is None
    assert balanced_lines([50], [1], 40, 2) is None


@given(st.lists(st.floats(1, 60), min_size=1, max_size=25))
def test_filled_lines_keep_every_word_in_order_and_fit_when_words_do(widths):
    lines = filled_lines(widths, [2.0] * len(widths), 60)
    assert [number for line in lines for number in line] == list(range(len(widths)))
    assert all(sum(widths[n] for n in line) + 2 * (len(line) - 1) <= 60.0001 for line in lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Bees", False), ("النحل", True), ("דבורים", True), ("2024!", None), ("«النحل»", True), ("मधु", False)],
)
def test_direction_is_that_of_the_first_letter(text, expected):
    assert runs_right_to_left(text) is expected


def test_a_right_to_left_line_keeps_foreign_words_in_their_own_order():
    words = ["استخدم", "Google", "Maps", "الآن", "2024"]
    order = visual_order(words, right_to_left=True)
    assert [words[n] for n in order] == ["2024", "الآن", "Google", "Maps", "استخدم"]


def test_a_left_to_right_line_turns_foreign_words_around():
    words = ["say", "שלום", "עולם", "twice"]
    assert [words[n] for n in visual_order(words, right_to_left=False)] == ["say", "עולם", "שלום", "twice"]


def test_words_are_shown_as_written_with_the_times_of_what_is_spoken():
    shown = shown_words(cue_of("Bees, it's  true!", ("Bees", 0, 10), ("it's", 10, 15), ("true", 20, 30)))
    assert [(w.text, w.start_frame, w.end_frame) for w in shown] == [
        ("Bees,", 0, 10),
        ("it's", 10, 15),
        ("true!", 20, 30),
    ]


def test_parts_of_one_written_word_light_it_for_their_whole_time():
    shown = shown_words(cue_of("well-known fact", ("well", 0, 5), ("known", 5, 9), ("fact", 9, 12)))
    assert [(w.text, w.start_frame, w.end_frame) for w in shown] == [("well-known", 0, 9), ("fact", 9, 12)]


def test_a_spoken_word_that_is_not_written_moves_no_other():
    shown = shown_words(cue_of("42 bees", ("forty-two", 0, 5), ("bees", 5, 9)))
    assert [(w.text, w.is_spoken_at(6)) for w in shown] == [("42", False), ("bees", True)]


def test_a_cue_without_word_times_is_shown_without_highlight():
    assert not any(word.is_spoken_at(5) for word in shown_words(cue_of("Bees fly")))


def test_a_line_ends_within_a_text_without_spaces_but_not_before_what_closes():
    shown = shown_words(cue_of("蜜蜂看到，紫外线。"))
    assert [word.text for word in shown] == ["蜜", "蜂", "看", "到，", "紫", "外", "线。"]
    assert [word.is_glued for word in shown] == [False, *[True] * 6]


def test_a_spoken_word_that_is_written_as_several_shares_its_time():
    shown = shown_words(cue_of("蜜蜂飞 Bee", ("蜜蜂飞", 0, 30), ("Bee", 30, 40)))
    assert [(word.text, word.start_frame, word.end_frame) for word in shown] == [
        ("蜜", 0, 10),
        ("蜂", 10, 20),
        ("飞", 20, 30),
        ("Bee", 30, 40),
    ]


def test_words_of_unknown_time_share_what_their_neighbours_leave():
    assert [(w.start, w.end) for w in timed_words(cue_of("ab cd"))] == [(0, 50), (50, 100)]
    known = timed_words(cue_of("one two three four", ("two", 10, 20), ("four", 60, 70)))
    assert [(w.start, w.end) for w in known] == [(0, 10), (10, 20), (20, 60), (60, 70)]


def test_one_word_at_a_time_is_a_few_letters_where_no_space_parts_words():
    assert [g.text for g in glances(timed_words(cue_of("Bees fly 蜜蜂看到紫外线")))] == [
        "Bees",
        "fly",
        "蜜蜂看到",
        "紫外线",
    ]


def laid_out(text: str, frame: FrameSize = WIDE, style: CaptionStyle = STYLE):
    return lay_out(shown_words(cue_of(text)), style, frame)


@pytest.mark.parametrize(
    "frame", [WIDE, TALL, FrameSize(width=128, height=128), FrameSize(width=1080, height=1350)]
)
@pytest.mark.parametrize(
    "text",
    ["Bees", LONG, LONG * 3, LONG * 15, "x" * 500, "नमस्ते दुनिया", "مرحبا بالعالم", "ที่นี่ผึ้งเห็น", "蜜蜂看到紫外线" * 9],
)
@pytest.mark.parametrize(
    "style", [STYLE, CaptionStyle(size_permille=110, box_opacity_permille=0, outline_permille=15)]
)
def test_a_caption_lies_inside_the_safe_area_whatever_is_said(frame, text, style):
    layout, area = laid_out(text, frame, style), safe_area(frame)
    assert 0 <= layout.x <= frame.width - layout.width
    assert 0 <= layout.y <= frame.height - layout.height
    assert {layout.x % 2, layout.y % 2, layout.width % 2, layout.height % 2} == {0}
    words = [word for word in layout.words if word]
    assert words
    assert min(word.left for word in words) + layout.x >= area.left
    assert max(word.right for word in words) + layout.x <= area.right
    assert layout.y + layout.box[1] >= area.top - 2
    assert layout.y + layout.box[3] <= area.bottom + 1
    assert all(0 < run.baseline < layout.height for word in words for run in word.runs)


def test_a_normal_caption_has_its_full_size_and_at_most_two_lines():
    layout = laid_out(" ".join(LONG.split()[:12]))
    assert layout.font_size == round(1080 * STYLE.size_permille / 1000)
    assert len(lines_of(layout)) <= 2
    assert layout.y + layout.box[3] == pytest.approx(1080 * 0.88, abs=0.2 * layout.font_size)


def lines_of(layout) -> set[float]:
    return {run.baseline for word in layout.words for run in word.runs}


def test_a_long_caption_gets_smaller_before_it_gets_a_third_line():
    layout = laid_out(LONG * 2)
    assert layout.font_size < round(1080 * STYLE.size_permille / 1000)
    assert len(lines_of(layout)) == 2


def test_words_stand_in_reading_order():
    layout = laid_out("one two three")
    assert [word.left for word in layout.words] == sorted(word.left for word in layout.words)
    arabic = laid_out("واحد اثنان ثلاثة")
    assert [word.left for word in arabic.words] == sorted((word.left for word in arabic.words), reverse=True)


def test_letters_without_a_space_between_them_stand_side_by_side():
    words = laid_out("蜜蜂 看").words
    assert words[1].left == pytest.approx(words[0].right)
    assert words[2].left > words[1].right + 5


def test_captions_of_a_tall_frame_keep_clear_of_the_platforms_buttons():
    layout = laid_out("Bees see ultraviolet light in flowers", TALL)
    assert layout.y + layout.box[3] <= 1920 * 0.78
    assert layout.x + layout.box[2] <= 1080 * 0.88
    assert layout.font_size == round(1.4 * 1080 * STYLE.size_permille / 1000)


@pytest.mark.parametrize("frame", [WIDE, TALL, FrameSize(width=1080, height=1080)])
@pytest.mark.parametrize("text", ["Bees", "Bees see ultraviolet light that we never notice in"])
def test_no_caption_of_two_lines_reaches_above_the_row_that_others_keep_to(frame, text):
    assert laid_out(text, frame).y + laid_out(text, frame).box[1] >= captions_top(STYLE, frame) - 2


def test_one_word_at_a_time_takes_one_line():
    style = CaptionStyle(mode=CaptionMode.ONE_WORD, size_permille=110)
    layout = laid_out("ultraviolet", WIDE, style)
    assert captions_top(style, WIDE) == pytest.approx(layout.y + layout.box[1], abs=3)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_can_be_drawn(text):
    cue = cue_of(text, *((word, 0, 50) for word in text.split()))
    layout = lay_out(shown_words(cue), CaptionStyle(outline_permille=5), FrameSize(width=320, height=180))
    [canvas] = Canvas.ground(layout, CaptionStyle()).lettered("#FFFFFF")
    assert canvas.alpha.shape == (layout.height, layout.width)
    assert len(timed_words(cue)) == len(layout.words)
