"""Word times of a voice that came without them: an estimate by the length of the words."""

from __future__ import annotations

from collections.abc import Iterator

from shared.contracts.tasks import SpokenWord

_PAUSE_CHARACTERS = 3
"""A pause after a sentence or clause takes about as long as this many characters."""


def estimate_words(narration: str, samples: int) -> tuple[SpokenWord, ...]:
    """Spread the words of a narration over its sound, by their number of characters.

    Args:
        samples: Length of the sound at 48 kHz; every word lies within it.
    """
    words = narration.split()
    weights = [len(word) + 1 + (_PAUSE_CHARACTERS if word[-1] in ".,;:!?…।" else 0) for word in words]
    total = sum(weights)
    if not words or samples < len(words):
        return ()
    return tuple(_placed(words, weights, total, samples))


def _placed(words: list[str], weights: list[int], total: int, samples: int) -> Iterator[SpokenWord]:
    passed = 0
    for word, weight in zip(words, weights, strict=True):
        start = samples * passed // total
        passed += weight
        end = max(samples * passed // total, start + 1)
        yield SpokenWord(text=word, start_sample=start, end_sample=end)
