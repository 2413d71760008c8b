"""Draws a whole picture into a box of the frame, with edges that are as sharp and as steady as its inside.

A box lies anywhere between pixels. The pixels that its edges cross keep what was there as far as they lie outside,
so that a slowly growing picture grows smoothly instead of pixel by pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.renderer.pipeline.geometry import Box
from services.renderer.pipeline.planes import Plane, Planes
from services.renderer.pipeline.resample import resample

_BLOCK = 32
"""Samples that the kernel makes at once; those left over take it as long as some hundred others."""


@dataclass(frozen=True, kw_only=True)
class Lattice:
    """Where the samples of a plane lie along one axis: the centre of the first, and how far the next [luma px]."""

    first: float
    pitch: int


LUMA = Lattice(first=0.5, pitch=1)
CHROMA_ACROSS = Lattice(first=0.5, pitch=2)
CHROMA_DOWN = Lattice(first=1.0, pitch=2)
"""Chroma of a frame: on the left luma column of its pair, between the two rows (see planes)."""
CHROMA_MIDDLE = Lattice(first=1.0, pitch=2)
"""Chroma in the middle of its 2x2 block, as stills have it."""


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The samples of one axis that a box touches, and how much of the first and the last it covers."""

    begin: int
    end: int
    first_cover: float
    last_cover: float


def place(
    source: Planes, backdrop: Planes, target: Planes, box: Box, chroma_across: Lattice = CHROMA_MIDDLE
) -> None:
    """Draw all of ``source`` into ``box`` of a frame, and ``backdrop``, a whole frame, around it.

    Args:
        target: The frame; all of it is drawn.
        chroma_across: How chroma of the source lies from left to right; from top to bottom it is halfway.
    """
    height, width = source.y.shape
    steps = (width / box.width, height / box.height)
    for number, (plane, behind, onto) in enumerate(zip(source, backdrop, target, strict=True)):
        of = (chroma_across, CHROMA_MIDDLE) if number else (LUMA, LUMA)
        at = (CHROMA_ACROSS, CHROMA_DOWN) if number else (LUMA, LUMA)
        runs = (
            _run(at[0], box.left, box.width, onto.shape[1]),
            _run(at[1], box.top, box.height, onto.shape[0]),
        )
        first = [
            _source_index(of[axis], steps[axis], at[axis].first + at[axis].pitch * runs[axis].begin - start)
            for axis, start in enumerate((box.left, box.top))
        ]
        _draw(plane, onto, runs, steps, (first[0], first[1]))
        _surround(behind, onto, *runs)


def _run(lattice: Lattice, start: float, length: float, count: int) -> _Run:
    # A box that ends with the frame covers the frame's last samples, wherever in them they are centred.
    end = math.inf if start + length >= count * lattice.pitch - 1e-6 else start + length
    start = -math.inf if start <= 1e-6 else start
    begin = 0 if start == -math.inf else math.floor((start - lattice.first) / lattice.pitch + 0.5)
    stop = count if end == math.inf else math.ceil((end - lattice.first) / lattice.pitch + 0.5)
    begin, stop = max(0, begin), min(count, stop)
    return _Run(
        begin=begin,
        end=stop,
        first_cover=_cover(lattice, begin, start, end),
        last_cover=_cover(lattice, stop - 1, start, end),
    )


def _cover(lattice: Lattice, index: int, start: float, end: float) -> float:
    """How much of a sample's own stretch lies in the box."""
    left = lattice.first + lattice.pitch * (index - 0.5)
    return max(0.0, min(end, left + lattice.pitch) - max(start, left)) / lattice.pitch


def _source_index(lattice: Lattice, step: float, place: float) -> float:
    """The sample of the source at ``place`` of the box [px of the frame, from its edge]."""
    return (place * step - lattice.first) / lattice.pitch


def _draw(
    plane: Plane, onto: Plane, runs: tuple[_Run, _Run], steps: tuple[float, float], first: tuple[float, float]
) -> None:
    """Sample a run of columns that is a little longer, in whole blocks; what is too much is hidden afterwards."""
    across, down = runs
    width = min(-(-(across.end - across.begin) // _BLOCK) * _BLOCK, onto.shape[1])
    begin = min(across.begin, onto.shape[1] - width)
    area = onto[down.begin : down.end, begin : begin + width]
    resample(plane, area, *steps, first[0] + (begin - across.begin) * steps[0], first[1])


def _surround(behind: Plane, onto: Plane, across: _Run, down: _Run) -> None:
    """Put the backdrop around the runs, and into the samples that they cover in part."""
    rows, columns = slice(down.begin, down.end), slice(across.begin, across.end)
    onto[: down.begin], onto[down.end :] = behind[: down.begin], behind[down.end :]
    onto[rows, : across.begin], onto[rows, across.end :] = behind[rows, : across.begin], behind[rows, across.end :]
    for edge, cover in (
        (np.s_[rows, across.begin], across.first_cover),
        (np.s_[rows, across.end - 1], across.last_cover),
        (np.s_[down.begin, columns], down.first_cover),
        (np.s_[down.end - 1, columns], down.last_cover),
    ):
        if cover < 1:
            onto[edge] = np.rint(onto[edge] * np.float32(cover) + behind[edge] * np.float32(1 - cover))
