"""How spoken words become captions: even, long enough to be read, no word alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.orchestrator.domain.caption_looks import style_shown
from services.orchestrator.domain.captions import MIN_MS, caption_cues, characters_that_fit
from shared.contracts.tasks import SpokenWord
from shared.contracts.timeline import CaptionMode, CaptionStyle, Cue, FrameSize, Rate

RATE = Rate(numerator=30)
LEAST = MIN_MS * 30 // 1000


def spoken(text: str, *, words_a_second: float = 2.5) -> list[SpokenWord]:
    step = round(48_000 / words_a_second)
    return [
        SpokenWord(text=word, start_sample=number * step, end_sample=number * step + step * 9 // 10)
        for number, word in enumerate(text.split())
    ]


def cut(words: Sequence[SpokenWord], most: int = 64) -> tuple[Cue, ...]:
    frames = RATE.frames_for_samples(words[-1].end_sample) + 33
    return caption_cues(RATE, words, lead_frames=15, frames=frames, max_characters=most)


def texts(text: str, most: int = 64, **speech: float) -> list[str]:
    return [cue.text for cue in cut(spoken(text, **speech), most)]


def test_a_sentence_is_parted_evenly_and_leaves_no_word_alone():
    parts = texts("Bees see far beyond our own eyes and find their way by the light of ultraviolet.")
    assert len(parts) == 2
    assert max(map(len, parts)) - min(map(len, parts)) <= 12


def test_a_sentence_that_fits_is_one_caption_whatever_commas_it_has():
    assert texts("Light, scent, and colour: all of it is a map to them.") == [
        "Light, scent, and colour: all of it is a map to them."
    ]


def test_a_long_sentence_breaks_after_a_clause_rather_than_after_an_article():
    assert texts("When the sun rises over the valley, bees leave the hive to look for the first flowers.") == [
        "When the sun rises over the valley,",
        "bees leave the hive to look for the first flowers.",
    ]


def test_short_sentences_that_would_flicker_are_shown_together():
    parts = texts("No. Yes. Go. The bees fly home before the rain comes.", words_a_second=4)
    assert "Go." not in parts
    assert parts[-1].endswith("The bees fly home before the rain comes.")


def test_a_sentence_of_one_word_stands_alone_when_it_is_seen_long_enough():
    assert texts("Look! The bees fly home.", words_a_second=1.2) == ["Look!", "The bees fly home."]


def test_captions_break_at_a_pause():
    words = spoken("bees see a map of light")
    later = [w.model_copy(update={"start_sample": w.start_sample + 48_000, "end_sample": w.end_sample + 48_000})
             for w in words[3:]]  # fmt: skip
    assert [cue.text for cue in cut([*words[:3], *later])] == ["bees see a", "map of light"]


def test_chinese_is_cut_between_characters_after_what_closes():
    parts = texts(
        "蜜蜂能看到我们看不到的紫外线，它们记住花的颜色和气味，然后飞回蜂巢告诉同伴。", 38, words_a_second=0.1
    )
    assert parts == ["蜜蜂能看到我们看不到的紫外线，", "它们记住花的颜色和气味，", "然后飞回蜂巢告诉同伴。"]


def test_parts_of_a_word_without_spaces_share_its_time():
    (cue,) = cut([SpokenWord(text="蜜蜂飞", start_sample=0, end_sample=48_000)])
    assert cue.text == "蜜蜂飞"
    assert [(w.text, w.start_frame, w.end_frame) for w in cue.words] == [
        ("蜜", 15, 25),
        ("蜂", 25, 35),
        ("飞", 35, 45),
    ]


def test_words_of_chinese_are_written_together_and_those_of_korean_apart():
    assert texts("蜜蜂 看到 光") == ["蜜蜂看到光"]
    assert texts("꿀벌은 빛을 본다") == ["꿀벌은 빛을 본다"]
    assert texts("使用 Google 地图") == ["使用 Google 地图"]


def test_words_of_nothing_are_left_out():
    words = [
        word.model_copy(update={"text": text})
        for word, text in zip(spoken("a b c"), ["", "bees", " "], strict=True)
    ]
    assert [cue.text for cue in cut(words)] == ["bees"]
    assert cut([word.model_copy(update={"text": ""}) for word in words]) == ()


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (1080, 1080), (1080, 1350)])
def test_two_lines_of_a_caption_fit_the_safe_area(size):
    frame = FrameSize(width=size[0], height=size[1])
    assert 30 <= characters_that_fit(frame, CaptionStyle()) <= 64
    assert characters_that_fit(frame, CaptionStyle(size_permille=110)) < characters_that_fit(frame, CaptionStyle())


@st.composite
def speeches(draw: st.DrawFn, most_words: int = 40) -> list[SpokenWord]:
    words, now = [], 0
    for _ in range(draw(st.integers(1, most_words))):
        text = draw(
            st.sampled_from(["a", "bee", "flowers", "light,", "home.", "ultraviolet", "No!", "蜜蜂看。", "ผึ้ง"])
        )
        length = draw(st.integers(1_500, 40_000))
        words.append(SpokenWord(text=text, start_sample=now, end_sample=now + length))
        now += length + draw(st.sampled_from([0, 800, 30_000]))
    return words


@given(speeches())
@settings(max_examples=60)
def test_captions_never_overlap_and_are_seen_for_0_7_s_where_speech_allows(words):
    """A caption that is seen for less could not be shown with its neighbour: both together are too long."""
    cues = cut(words)
    assert all(one.end_frame <= other.start_frame for one, other in pairwise(cues))
    for one, other in pairwise(cues):
        if min(other.start_frame - one.start_frame, one.end_frame - one.start_frame) < LEAST:
            assert columns(one) + columns(other) + 1 > 64
    for cue in cues:
        assert columns(cue) <= 64 or len(cue.words) == 1


def columns(cue: Cue) -> int:
    return sum(2 if "\u4e00" <= c <= "\u9fff" or c == "。" else 1 for c in cue.text if c not in "\u0e36\u0e49")


@given(speeches(most_words=7))
@settings(max_examples=40)
def test_no_way_to_cut_a_speech_flickers_less(words):
    words = [word for word in words if word.text.isascii()] or spoken("bees fly")
    cues = cut(words, 24)
    end = RATE.frames_for_samples(words[-1].end_sample) + 33
    flickers = sum(after - before < LEAST for before, after in pairwise([*(cue.start_frame for cue in cues), end]))
    starts = [*(word.start_frame for word in cues_of_single_words(words)), end]
    assert flickers <= min(flickers_of(choice, starts, words) for choice in all_cuts(len(words)))


def cues_of_single_words(words: Sequence[SpokenWord]) -> Iterator[Cue]:
    for word in words:
        frame = 15 + word.start_sample * 30 // 48_000
        yield Cue(start_frame=frame, end_frame=frame + 1, text=word.text)


def all_cuts(count: int) -> Iterator[tuple[int, ...]]:
    for number in range(count):
        for inner in combinations(range(1, count), number):
            yield (0, *inner, count)


def flickers_of(choice: Sequence[int], starts: Sequence[int], words: Sequence[SpokenWord]) -> float:
    """How many captions of this cut flicker; infinite when one is too long or seen for no frame."""
    shown = [starts[last] - starts[first] for first, last in pairwise(choice)]
    lengths = [len(" ".join(w.text for w in words[first:last])) for first, last in pairwise(choice)]
    if min(shown) < 1 or max(lengths) > 24:
        return float("inf")
    return sum(time < LEAST for time in shown)


def test_a_style_is_named_only_as_far_as_it_is_seen():
    style = CaptionStyle(
        mode=CaptionMode.SENTENCE, box_opacity_permille=0, size_permille=60, text_colour="#ABCDEF"
    )
    other = style.model_copy(update={"box_colour": "#123456", "highlight_colour": "#123456"})
    seen = {"has_cues": True, "has_titles": False}
    assert style_shown(style, **seen) == style_shown(other, **seen) == style
    assert style_shown(style, has_cues=False, has_titles=False) == style_shown(CaptionStyle(burn_in=False), **seen)
    beside_titles = style_shown(style, has_cues=False, has_titles=True)
    assert (beside_titles.size_permille, beside_titles.text_colour) == (60, "#FFFFFF")
    popping = style_shown(CaptionStyle(mode=CaptionMode.ONE_WORD), has_cues=False, has_titles=True)
    assert (popping.mode, beside_titles.mode) == (CaptionMode.ONE_WORD, CaptionStyle().mode)
    whole = CaptionStyle(
        outline_permille=3, highlight_colour="#123456", box_colour="#654321", outline_colour="#111111"
    )
    assert style_shown(whole, **seen) == whole
