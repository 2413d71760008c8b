"""Word times: one interval for each word, in order, whatever the engine reports."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.content.providers.offline.speaking.engine import WordEvent
from services.content.providers.offline.speaking.text import word_spans
from services.content.providers.offline.speaking.timing import word_ends, word_starts

RATE = 22_050


def starts(text: str, events: list[tuple[int, int]], samples: int) -> list[int]:
    reported = [WordEvent(offset=offset, sample=sample) for offset, sample in events]
    return word_starts(word_spans(text), reported, samples)


def test_reported_words_start_where_the_engine_says() -> None:
    assert starts("one two three", [(0, 0), (4, 700), (8, 1500)], 2_000) == [0, 700, 1500]


def test_a_word_the_engine_merged_shares_the_time_of_the_word_before_it() -> None:
    assert starts("of the bees", [(0, 0), (7, 1_000)], 2_000) == [0, 400, 1_000]


def test_a_number_reported_in_pieces_starts_with_its_first_piece() -> None:
    assert starts("in 1985 bees", [(0, 0), (3, 300), (4, 800), (4, 900), (8, 1_500)], 2_000) == [0, 300, 1_500]


def test_a_report_that_goes_back_is_ignored() -> None:
    assert starts("a b c", [(0, 0), (4, 900), (2, 1_200)], 1_500)[2] == 900


def test_words_share_the_whole_sound_when_nothing_is_reported() -> None:
    assert starts("aa bb", [], 1_000) == [0, 500]


@given(
    count=st.integers(1, 40),
    events=st.lists(st.tuples(st.integers(-3, 130), st.integers(0, 5_000)), max_size=60),
)
def test_starts_always_rise_within_the_sound(count: int, events: list[tuple[int, int]]) -> None:
    found = starts(" ".join(["ab"] * count), events, 5_000)

    assert len(found) == count
    assert all(before < after for before, after in pairwise([*found, 5_000]))
    assert found[0] >= 0


def test_a_word_before_a_pause_ends_with_its_sound() -> None:
    sound = np.zeros(RATE, np.float32)
    sound[:5_000] = 0.5
    sound[15_000:] = 0.5

    first, second = word_ends([0, 15_000], sound, RATE, RATE)

    assert 5_000 <= first <= 5_000 + RATE * 0.05
    assert second == RATE


def test_a_word_without_a_pause_ends_where_the_next_begins() -> None:
    sound = np.full(2_000, 0.5, np.float32)

    assert word_ends([0, 900], sound, 2_000, RATE) == [900, 2_000]
