"""Where text without spaces may be broken, and where text may lie on a frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.timeline import CaptionStyle, FrameSize
from shared.safe_area import caption_font_size, safe_area
from shared.text_breaks import columns_of, is_written_without_spaces, pieces_of


@pytest.mark.parametrize(
    ("run", "pieces"),
    [
        ("Bees,", ["Bees,"]),
        ("well-known", ["well-known"]),
        ("नमस्ते", ["नमस्ते"]),
        ("꿀벌은", ["꿀벌은"]),
        ("看到，光。", ["看", "到，", "光。"]),
        ("他说：「光」！", ["他", "说：", "「光」！"]),
        ("ちょっとコーヒー", ["ちょっ", "と", "コー", "ヒー"]),
        ("使用Google地图", ["使", "用", "Google", "地", "图"]),
        ("人々は100％", ["人々", "は", "100％"]),
        ("が\u3099ん", ["が\u3099", "ん"]),
        ("ผึ้ง\u200bเห็น", ["ผึ้ง", "เห็น"]),
        ("ผึ้งเห็นแสง", ["ผึ้งเห็นแสง"]),
        ("👨\u200d👩\u200d👧🇮🇳", ["👨\u200d👩\u200d👧🇮🇳"]),
        ("", []),
    ],
)
def test_a_line_may_end_only_where_readers_of_the_script_expect_it(run, pieces):
    assert pieces_of(run) == pieces


def test_a_long_stretch_of_thai_is_broken_only_before_a_leading_vowel():
    pieces = pieces_of("ผึ้งมองเห็นแสงอัลตราไวโอเลตที่เรามองไม่เห็นในดอกไม้")
    assert len(pieces) > 1
    assert all(piece[0] in "เแโใไ" for piece in pieces[1:])
    assert min(map(len, pieces)) >= 8


@given(st.text(st.sampled_from("abเแก้蜜看，。「」ーっ\u3099 꿀👍🏽\u200b")))
def test_nothing_but_zero_width_spaces_is_lost(run):
    pieces = pieces_of(run)
    assert "".join(pieces) == run.replace("\u200b", "")
    assert all(pieces)


def test_ideographs_are_twice_as_wide_as_letters_and_marks_have_no_width():
    assert (columns_of("bee"), columns_of("蜜蜂"), columns_of("ก้"), columns_of("é"), columns_of("꿀")) == (
        3,
        4,
        1,
        1,
        2,
    )


def test_words_of_some_scripts_follow_each_other_without_a_space():
    assert all(map(is_written_without_spaces, "蜜のーก。"))
    assert not any(map(is_written_without_spaces, "a꿀न,"))


@pytest.mark.parametrize(
    "size", [(1920, 1080), (1080, 1920), (1080, 1080), (1080, 1350), (128, 128), (3840, 2160)]
)
def test_the_safe_area_is_in_the_middle_and_leaves_most_of_the_frame(size):
    frame = FrameSize(width=size[0], height=size[1])
    area = safe_area(frame)
    assert area.left == frame.width - area.right
    assert area.width >= 0.75 * frame.width
    assert 0 < area.top < area.bottom < frame.height


def test_a_tall_frame_keeps_clear_of_buttons_and_texts_of_platforms():
    area = safe_area(FrameSize(width=1080, height=1920))
    assert area.right <= 1080 - 120
    assert area.bottom <= 1920 - 380


def test_letters_grow_with_the_height_until_lines_would_be_too_short():
    style = CaptionStyle(size_permille=50)
    sizes = [caption_font_size(style, FrameSize(width=1080, height=height)) for height in (608, 1080, 1350, 1920)]
    assert sizes == pytest.approx([30.4, 54, 67.5, 75.6])
