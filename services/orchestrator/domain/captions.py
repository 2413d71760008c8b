"""Spoken words to captions: short lines that break where a reader would, and never overlap.

Limits follow the BBC subtitle guidelines (about 37 characters a line, two lines) and the habit of at least 0.7 s
a caption, below which it flickers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from shared.contracts.tasks import SpokenWord
from shared.contracts.timeline import SAMPLE_RATE, CaptionStyle, CaptionWord, Cue, FrameSize, Rate

MAX_CHARACTERS = 64
LINES = 2
USABLE_WIDTH_PERMILLE = 860
CHARACTER_WIDTH_PERMILLE = 550
"""An average letter of a bold sans serif is about 0.55 of the size of its font wide."""
MAX_WORDS = 11
PAUSE_SAMPLES = SAMPLE_RATE // 2
MIN_MS = 700
HOLD_MS = 250

_SENTENCE_ENDS = (".", "!", "?", "…", "।", "॥", "。", "؟")
_CLAUSE_ENDS = (",", ";", ":", "—", "–", "،")
_CLAUSE_CHARACTERS = 32
"""A clause may end a caption only when the line is at least this long."""


def characters_that_fit(size: FrameSize, style: CaptionStyle) -> int:
    """Most characters of one caption, so that two lines of them fit the frame at the style's size."""
    line = (
        size.width * USABLE_WIDTH_PERMILLE * 1000 // (size.height * style.size_permille * CHARACTER_WIDTH_PERMILLE)
    )
    return max(1, min(MAX_CHARACTERS, LINES * line))


def caption_cues(
    rate: Rate,
    words: Sequence[SpokenWord],
    *,
    lead_frames: int,
    frames: int,
    max_characters: int = MAX_CHARACTERS,
) -> tuple[Cue, ...]:
    """Captions of one slide, relative to its clip.

    Args:
        lead_frames: Frames before the voice starts.
        frames: Length of the clip; no caption reaches beyond it.
        max_characters: Longest caption; a single longer word stands alone.
    """
    groups = _groups(words, max_characters, least_samples=rate.samples_at_frame(1) + 1)
    drafts = [_cue(rate, group, lead_frames, frames) for group in groups]
    return tuple(_held(rate, drafts, frames))


def _groups(words: Sequence[SpokenWord], max_characters: int, *, least_samples: int) -> Iterator[list[SpokenWord]]:
    """Words of one caption each; a caption lasts at least a frame, however fast the words are."""
    group: list[SpokenWord] = []
    for word, after in zip_longest(words, words[1:]):
        group.append(word)
        lasts = after is None or after.start_sample - group[0].start_sample >= least_samples
        if lasts and (after is None or _breaks_after(group, after, max_characters)):
            yield group
            group = []


def _breaks_after(group: Sequence[SpokenWord], after: SpokenWord, max_characters: int) -> bool:
    last = group[-1]
    length = sum(len(word.text) + 1 for word in group)
    return (
        last.text.endswith(_SENTENCE_ENDS)
        or (last.text.endswith(_CLAUSE_ENDS) and length >= min(_CLAUSE_CHARACTERS, max_characters // 2))
        or after.start_sample - last.end_sample > PAUSE_SAMPLES
        or length + len(after.text) > max_characters
        or len(group) >= MAX_WORDS
    )


def _cue(rate: Rate, group: Sequence[SpokenWord], lead_frames: int, frames: int) -> Cue:
    words = tuple(_caption_word(rate, word, lead_frames, frames) for word in group)
    return Cue(
        start_frame=words[0].start_frame,
        end_frame=words[-1].end_frame,
        text=" ".join(word.text for word in words),
        words=words,
    )


def _caption_word(rate: Rate, word: SpokenWord, lead_frames: int, frames: int) -> CaptionWord:
    start = min(lead_frames + _frame_at(rate, word.start_sample), frames - 1)
    end = min(max(lead_frames + _frame_at(rate, word.end_sample), start + 1), frames)
    return CaptionWord(text=word.text, start_frame=start, end_frame=end)


def _held(rate: Rate, cues: Sequence[Cue], frames: int) -> Iterator[Cue]:
    """Hold each caption a little longer, up to the next one: no flicker, no overlap."""
    hold = round(rate.fraction * HOLD_MS / 1000)
    least = round(rate.fraction * MIN_MS / 1000)
    for cue, after in zip_longest(cues, cues[1:]):
        limit = after.start_frame if after else frames
        end = max(cue.end_frame + hold, cue.start_frame + least)
        yield cue.model_copy(update={"end_frame": max(min(end, limit), cue.start_frame + 1)})


def _frame_at(rate: Rate, sample: int) -> int:
    return sample * rate.numerator // (SAMPLE_RATE * rate.denominator)
