"""Breaks a caption into lines of about equal width."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate


def balanced_lines(
    widths: Sequence[float], gaps: Sequence[float], most_width: float, most_lines: int
) -> list[range] | None:
    """Break words into the fewest lines that fit; among those, the ones whose widest line is narrowest
    (the upper line is the shorter one when that is equal).

    Args:
        widths: Width of each word.
        gaps: Width of the space before each word, which is left out at the start of a line.
    Returns:
        The words of each line; None when they do not fit into ``most_lines``.
    """
    ends = [0.0, *accumulate(gap + width for gap, width in zip(gaps, widths, strict=True))]

    def width(start: int, end: int) -> float:
        return ends[end] - ends[start] - gaps[start]

    @cache
    def best(start: int, lines: int) -> tuple[float, tuple[int, ...]]:
        """Narrowest widest line when the words from ``start`` fill ``lines`` lines, and where these start."""
        if lines == 1:
            return width(start, len(widths)), (start,)
        choices = (
            (max(width(start, end), best(end, lines - 1)[0]), (start, *best(end, lines - 1)[1]))
            for end in range(start + 1, len(widths) - lines + 2)
        )
        return min(choices)

    for lines in range(1, min(most_lines, len(widths)) + 1):
        widest, starts = best(0, lines)
        if widest <= most_width:
            return [range(a, b) for a, b in zip(starts, [*starts[1:], len(widths)], strict=True)]
    return None


def filled_lines(widths: Sequence[float], gaps: Sequence[float], most_width: float) -> list[range]:
    """Break words into lines, each as full as it gets; a word wider than a line stands alone."""
    starts, used = [0], 0.0
    for number, (width, gap) in enumerate(zip(widths, gaps, strict=True)):
        if number > starts[-1] and used + gap + width > most_width:
            starts.append(number)
            used = width
        else:
            used += width + (gap if number > starts[-1] else 0)
    return [range(a, b) for a, b in zip(starts, [*starts[1:], len(widths)], strict=True)]
