"""Word events of the engine to one interval for every word of the narration."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.content.providers.offline.speaking.engine import WordEvent
from services.content.providers.offline.speaking.text import Span

_SILENCE_FRACTION = 0.012
_MIN_GAP_S = 0.10
_HANG_S = 0.03


def word_starts(spans: Sequence[Span], events: Sequence[WordEvent], samples: int) -> list[int]:
    """First sample of every word, strictly rising.

    The engine reports some words several times (numbers), some not at all ("of the" is one to it): the first
    report counts, and what is missing is shared out between its neighbours by length.
    """
    known = _reported(spans, events)
    known.setdefault(0, 0)
    anchors = [*sorted(known.items()), (len(spans), samples)]
    starts: list[int] = []
    for (first, start), (after, end) in pairwise(anchors):
        starts += _shared_out(spans[first:after], start, end)
    return _rising(starts, samples)


def _reported(spans: Sequence[Span], events: Sequence[WordEvent]) -> dict[int, int]:
    begins = [span.start for span in spans]
    known: dict[int, int] = {}
    latest = 0
    for event in events:
        index = bisect_right(begins, event.offset) - 1
        if index >= 0 and index not in known and event.sample >= latest and index >= max(known, default=0):
            known[index] = latest = event.sample
    return known


def _shared_out(spans: Sequence[Span], start: int, end: int) -> list[int]:
    total = sum(span.end - span.start for span in spans)
    starts, passed = [], 0
    for span in spans:
        starts.append(start + (end - start) * passed // total)
        passed += span.end - span.start
    return starts


def _rising(starts: list[int], samples: int) -> list[int]:
    """Push starts apart so that each word has at least one sample and the last one still fits."""
    count = len(starts)
    for index in range(1, count):
        starts[index] = max(starts[index], starts[index - 1] + 1)
    for index in range(count - 1, -1, -1):
        starts[index] = min(starts[index], samples - (count - index))
    return starts


def word_ends(starts: Sequence[int], dry: NDArray[np.float32], samples: int, sample_rate: int) -> list[int]:
    """Last sample (exclusive) of every word: where the next begins, or earlier where a pause follows.

    Args:
        dry: The sound without room, in which pauses are silent.
        samples: Length of the finished sound, in which the last word ends at the latest.
    """
    loud = np.abs(dry) > _SILENCE_FRACTION * max(float(np.abs(dry).max(initial=0)), 1e-9)
    return [_before_pause(start, after, loud, sample_rate) for start, after in pairwise([*starts, samples])]


def _before_pause(start: int, after: int, loud: NDArray[np.bool_], sample_rate: int) -> int:
    sounding = np.flatnonzero(loud[start:after])
    if not len(sounding):
        return after
    last = start + int(sounding[-1]) + 1
    if after - last < _MIN_GAP_S * sample_rate:
        return after
    return min(after, last + round(_HANG_S * sample_rate))
