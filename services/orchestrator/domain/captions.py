"""Spoken words to captions: short, even, broken where a reader would, long enough to be read, never overlapping.

Limits follow the BBC subtitle guidelines (about 37 characters a line, two lines) and the habit of at least 0.7 s
a caption, below which it flickers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from services.orchestrator.domain.caption_breaks import Spoken, best_breaks
from shared.contracts.tasks import SpokenWord
from shared.contracts.timeline import SAMPLE_RATE, CaptionStyle, CaptionWord, Cue, FrameSize, Rate
from shared.safe_area import caption_font_size, safe_area
from shared.text_breaks import columns_of, is_ideographic, is_written_without_spaces, pieces_of

MAX_CHARACTERS = 64
LINES = 2
CHARACTER_WIDTH_PERMILLE = 550
"""An average letter of a bold sans serif is about 0.55 of the size of its font wide."""
RAGGED_CHARACTERS = 4
"""Lines end where words do: two hold so much less than twice a line, or letters would have to be smaller."""
BOX_PADDING_PERMILLE = 840
"""Both sides of the box together, of the size of its font."""
LONGEST_THAI_WORD = 12
MIN_MS = 700
HOLD_MS = 250


def characters_that_fit(size: FrameSize, style: CaptionStyle) -> int:
    """Most characters of one caption, so that two lines of them fit the safe area at the style's size."""
    letters = caption_font_size(style, size)
    room = safe_area(size).width - letters * BOX_PADDING_PERMILLE / 1000
    line = int(room * 1000 / (letters * CHARACTER_WIDTH_PERMILLE))
    return max(1, min(MAX_CHARACTERS, LINES * line - RAGGED_CHARACTERS))


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
        max_characters: Longest caption, an ideograph counted twice; a single longer word stands alone.
    """
    seen = [word for word in words if word.text.strip()]
    pieces = [piece for before, word in pairwise([None, *seen]) if word for piece in _pieces(word, before)]
    timed = [_caption_word(rate, piece, lead_frames, frames) for piece in pieces]
    spoken = [
        Spoken(
            text=piece.text,
            columns=columns_of(piece.text) + (0 if piece.is_glued else 1),
            is_glued=piece.is_glued,
            start=word.start_frame,
            end=word.end_frame,
        )
        for piece, word in zip(pieces, timed, strict=True)
    ]
    breaks = best_breaks(spoken, rate=rate, end=frames, most_columns=max_characters + 1, least_ms=MIN_MS)
    drafts = [
        Cue(
            start_frame=timed[first].start_frame,
            end_frame=timed[last - 1].end_frame,
            text=_text(pieces[first:last]),
            words=tuple(timed[first:last]),
        )
        for first, last in pairwise([*breaks, len(spoken)])
    ]
    return tuple(_held(rate, drafts, frames))


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A spoken word, or a part of one that is written without spaces."""

    text: str
    is_glued: bool
    start_sample: float
    end_sample: float


def _pieces(word: SpokenWord, before: SpokenWord | None) -> Iterator[_Piece]:
    """The word cut where a line may end, each part with its share of the time."""
    texts = pieces_of(word.text) or [word.text]
    columns = [max(1, columns_of(text)) for text in texts]
    samples = word.end_sample - word.start_sample
    for number, text in enumerate(texts):
        start, end = (sum(columns[:n]) / sum(columns) for n in (number, number + 1))
        yield _Piece(
            text=text,
            is_glued=number > 0 or (before is not None and _stand_together(before.text, word.text)),
            start_sample=word.start_sample + samples * start,
            end_sample=word.start_sample + samples * end,
        )


def _stand_together(before: str, after: str) -> bool:
    """Whether no space is written between two words; a long one in Thai is a phrase, which a space follows."""
    are_glued = is_written_without_spaces(before[-1]) and is_written_without_spaces(after[0])
    if is_ideographic(before[-1]) or is_ideographic(after[0]):
        return are_glued
    return are_glued and max(columns_of(before), columns_of(after)) <= LONGEST_THAI_WORD


def _text(pieces: Sequence[_Piece]) -> str:
    return "".join(
        piece.text if piece.is_glued or not number else f" {piece.text}" for number, piece in enumerate(pieces)
    )


def _caption_word(rate: Rate, piece: _Piece, lead_frames: int, frames: int) -> CaptionWord:
    start = min(lead_frames + _frame_at(rate, piece.start_sample), frames - 1)
    end = min(max(lead_frames + _frame_at(rate, piece.end_sample), start + 1), frames)
    return CaptionWord(text=piece.text, start_frame=start, end_frame=end)


def _held(rate: Rate, cues: Sequence[Cue], frames: int) -> Iterator[Cue]:
    """Hold each caption a little longer, up to the next one: no flicker, no overlap."""
    hold = round(rate.fraction * HOLD_MS / 1000)
    least = -(-rate.numerator * MIN_MS // (rate.denominator * 1000))
    for cue, after in zip_longest(cues, cues[1:]):
        limit = after.start_frame if after else frames
        end = max(cue.end_frame + hold, cue.start_frame + least)
        yield cue.model_copy(update={"end_frame": max(min(end, limit), cue.start_frame + 1)})


def _frame_at(rate: Rate, sample: float) -> int:
    return int(sample * rate.numerator // (SAMPLE_RATE * rate.denominator))
