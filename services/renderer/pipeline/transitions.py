"""How a clip takes over from the one before it, drawn straight into planes.

Both clips draw whole frames of their own; a transition only lays them over each other. Movements start and end at
rest. Fades are linear in the values that are stored, as editors do it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.geometry import eased
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Plane, Planes
from services.renderer.pipeline.resample import resample
from shared.contracts.timeline import Direction, Easing, Transition, TransitionKind

Draw = Callable[[Planes, float], None]
"""Draws one frame of a clip over planes, with an opacity from 0 to 1."""

WIPE_EDGE = 0.14
"""How wide the soft edge of a wipe is, as a part of the way it goes."""

SLIDE_SHADOW = 0.04
"""How far the shadow of a clip that slides in falls, as a part of the way it goes."""
SLIDE_SHADOW_DEPTH = 0.45
"""How much of the light that shadow takes at the clip's edge."""

ZOOM_OUTGOING = 1.5
"""How large the clip before has become when it is gone."""
ZOOM_INCOMING = 0.7
"""How large a clip that zooms in is at first."""
ZOOM_EDGE = 0.12
"""How wide its soft edge is at first, as a part of the frame's side."""
ZOOM_FADE = 0.75
"""The part of a zoom after which the clip is not seen through any more."""

_Weights = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """One frame of a transition.

    ``part`` is how much of it is over, above 0 and below 1: before its first frame the clip before was seen alone,
    after its last the incoming one is. ``scratch`` is as large as the frame; what it holds is nobody's.
    """

    transition: Transition
    part: float
    outgoing: Draw
    incoming: Draw
    scratch: Planes

    def draw(self, target: Planes) -> None:
        """Fill ``target`` with the frame."""
        _DRAWN[self.transition.kind](self, target)

    @property
    def travelled(self) -> float:
        """How much of a movement is over."""
        return eased(Easing.SMOOTH, self.part)


@dataclass(frozen=True, kw_only=True)
class _Lattice:
    """Where the samples of a plane lie on the frame [luma px]: how far apart, and how far down the first is."""

    pitch: int
    first_down: float

    def draw(
        self,
        source: Plane,
        plane: Plane,
        scale: float,
        part: tuple[slice, slice] = (slice(None), slice(None)),
        opacity: float = 1.0,
        onto: Plane | None = None,
    ) -> None:
        """Draw ``source``, a whole frame, about its middle, ``scale`` times as large.

        Args:
            part: Rows and columns that are drawn.
            onto: Where that part is drawn instead of in ``plane``.
        """
        down, across = (
            self._source_index(length, offset, which.start or 0, scale)
            for length, offset, which in zip(plane.shape, (self.first_down, 0.0), part, strict=True)
        )
        resample(source, plane[part] if onto is None else onto, 1 / scale, 1 / scale, across, down, opacity)

    def _source_index(self, length: int, offset: float, index: int, scale: float) -> float:
        """Which sample of the frame comes to lie at ``index``, when it is ``scale`` times as large."""
        middle = (length * self.pitch - 1) / 2
        place = offset + self.pitch * index
        return (middle + (place - middle) / scale - offset) / self.pitch


_CHROMA = _Lattice(pitch=2, first_down=0.5)
_LATTICES = (_Lattice(pitch=1, first_down=0.0), _CHROMA, _CHROMA)
"""Chroma lies on the left luma column of its pair, halfway between the two rows (see planes)."""


def _draw_crossfade(takeover: Takeover, target: Planes) -> None:
    takeover.outgoing(target, 1.0)
    takeover.incoming(target, takeover.part)


def _draw_fade(takeover: Takeover, target: Planes) -> None:
    """Out to the colour until the middle, then in from it."""
    clip = takeover.outgoing if takeover.part < 0.5 else takeover.incoming
    clip(target, 1.0)
    remains = abs(2 * takeover.part - 1)
    for plane, value in zip(target, yuv_of(takeover.transition.colour), strict=True):
        cv2.convertScaleAbs(plane, plane, remains, value * (1 - remains))


def _draw_slide(takeover: Takeover, target: Planes) -> None:
    """The clip before stays, in the shadow of the one that comes in."""
    takeover.outgoing(target, 1.0)
    takeover.incoming(takeover.scratch, 1.0)
    for plane, over, black in zip(target, takeover.scratch, YUV_OFFSET, strict=True):
        below, above = _turned(plane, takeover), _turned(over, takeover)
        shown = _whole_chroma(below.shape[0], _luma_length(takeover), takeover.travelled)
        _cast_shadow(below, shown, black)
        below[:shown] = above[below.shape[0] - shown :]


def _draw_push(takeover: Takeover, target: Planes) -> None:
    """Both move as one strip."""
    for clip, is_incoming in ((takeover.outgoing, False), (takeover.incoming, True)):
        clip(takeover.scratch, 1.0)
        for plane, source in zip(target, takeover.scratch, strict=True):
            onto, of = _turned(plane, takeover), _turned(source, takeover)
            shown = _whole_chroma(onto.shape[0], _luma_length(takeover), takeover.travelled)
            if is_incoming:
                onto[:shown] = of[onto.shape[0] - shown :]
            else:
                onto[shown:] = of[: onto.shape[0] - shown]


def _draw_wipe(takeover: Takeover, target: Planes) -> None:
    """An edge moves over the frame and leaves the incoming clip behind it."""
    takeover.outgoing(target, 1.0)
    takeover.incoming(takeover.scratch, 1.0)
    length = _luma_length(takeover)
    for plane, over in zip(target, takeover.scratch, strict=True):
        below, above = _turned(plane, takeover), _turned(over, takeover)
        _lay_over(below, above, wipe_weights(below.shape[0], takeover.travelled, length // below.shape[0]))


def wipe_weights(length: int, travelled: float, pixels_each: int = 1) -> _Weights:
    """How much of the incoming clip is seen, from where the edge comes from to where it goes.

    Args:
        length: Samples on the way; each stands for ``pixels_each`` pixels.
    """
    edge = WIPE_EDGE * length * pixels_each
    behind = travelled * (length * pixels_each + edge) - (np.arange(length) + 0.5) * pixels_each
    ramp = np.clip(behind / edge, 0, 1)
    return _smooth(ramp)


def _draw_zoom(takeover: Takeover, target: Planes) -> None:
    """Towards the viewer: the clip before out of the frame, the incoming one, soft at its edges, into it."""
    takeover.outgoing(takeover.scratch, 1.0)
    grown = 1 + (ZOOM_OUTGOING - 1) * takeover.travelled
    for source, plane, lattice in zip(takeover.scratch, target, _LATTICES, strict=True):
        lattice.draw(source, plane, grown)
    takeover.incoming(takeover.scratch, 1.0)
    scale, opacity = _incoming_scale(takeover), min(1.0, takeover.part / ZOOM_FADE)
    for source, plane, lattice in zip(takeover.scratch, target, _LATTICES, strict=True):
        _draw_soft(source, plane, lattice, scale, opacity)


def _draw_soft(source: Plane, plane: Plane, lattice: _Lattice, scale: float, opacity: float) -> None:
    """The whole of a frame, ``scale`` times as large, in the middle; only its soft edges are mixed by weights."""
    down, across = (zoom_weights(length, scale) for length in plane.shape)
    (top, upper, lower, bottom), (left, inner_left, inner_right, right) = _parts(down), _parts(across)
    inside = (slice(upper, lower), slice(inner_left, inner_right))
    lattice.draw(source, plane, scale, inside, opacity)
    for rows, columns in (
        (slice(top, upper), slice(left, right)),
        (slice(lower, bottom), slice(left, right)),
        (slice(upper, lower), slice(left, inner_left)),
        (slice(upper, lower), slice(inner_right, right)),
    ):
        below = plane[rows, columns]
        if below.size:
            over = below.copy()
            lattice.draw(source, plane, scale, (rows, columns), onto=over)
            weights = np.outer(down[rows], across[columns]) * np.float32(opacity)
            cv2.blendLinear(over, below, weights, 1 - weights, below)


def zoom_weights(length: int, scale: float) -> _Weights:
    """How much of a clip that zooms in is seen along one side of the frame, as far as its soft edges decide.

    Args:
        length: Samples of the frame's side, of which the clip takes ``scale``.
    """
    edge = ZOOM_EDGE * math.sqrt((1 - scale) / (1 - ZOOM_INCOMING))
    inside = scale / 2 - np.abs((np.arange(length) + 0.5) / length - 0.5)
    return _smooth(np.clip(inside / max(edge, 1e-6), 0, 1))


def _parts(weights: _Weights) -> tuple[int, int, int, int]:
    """Where anything is seen, where all of it, where that ends, and where nothing is seen any more."""
    some, whole = np.flatnonzero(weights), np.flatnonzero(weights >= 1)
    return int(some[0]), int(whole[0]), int(whole[-1]) + 1, int(some[-1]) + 1


def _smooth(ramp: NDArray[np.float64]) -> _Weights:
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)


def _incoming_scale(takeover: Takeover) -> float:
    """Fast at first, at rest when the clip fills the frame."""
    return ZOOM_INCOMING + (1 - ZOOM_INCOMING) * (1 - (1 - takeover.part) ** 2)


def yuv_of(colour: str) -> tuple[float, float, float]:
    """A colour ``#RRGGBB`` as it stands in the planes."""
    y, u, v = YUV_FROM_RGB @ [int(colour[at : at + 2], 16) for at in (1, 3, 5)] + YUV_OFFSET
    return float(y), float(u), float(v)


def _turned(plane: Plane, takeover: Takeover) -> Plane:
    """A view whose first axis runs from where the incoming clip enters to where it goes."""
    match takeover.transition.direction:
        case Direction.RIGHT:
            return plane.T
        case Direction.LEFT:
            return plane.T[::-1]
        case Direction.DOWN:
            return plane
        case Direction.UP:
            return plane[::-1]


def _luma_length(takeover: Takeover) -> int:
    """Pixels of the frame along the way."""
    return len(_turned(takeover.scratch.y, takeover))


def _whole_chroma(length: int, luma_length: int, travelled: float) -> int:
    """How many samples of a plane have come in, on a whole chroma sample so that no plane is in between."""
    return round(travelled * luma_length / 2) * 2 * length // luma_length


def _cast_shadow(below: Plane, edge: int, black: float) -> None:
    """Darken what lies in front of the edge of a clip that slides in."""
    reach = min(round(SLIDE_SHADOW * below.shape[0]), below.shape[0] - edge)
    if reach <= 0:
        return
    near = 1 - (np.arange(reach, dtype=np.float32) + 0.5) / (SLIDE_SHADOW * below.shape[0])
    remains = (1 - SLIDE_SHADOW_DEPTH * near.clip(0) ** 2)[:, np.newaxis]
    band = below[edge : edge + reach]
    band[:] = np.rint((band - np.float32(black)) * remains + np.float32(black))


def _lay_over(below: Plane, above: Plane, weights: _Weights) -> None:
    """Mix along the first axis; what is wholly one clip or the other is only copied."""
    whole, touched = np.count_nonzero(weights >= 1), np.count_nonzero(weights)
    below[:whole] = above[:whole]
    share = weights[whole:touched, np.newaxis]
    mixed = above[whole:touched] * share + below[whole:touched] * (1 - share)
    below[whole:touched] = np.rint(mixed)


_DRAWN: dict[TransitionKind, Callable[[Takeover, Planes], None]] = {
    TransitionKind.CROSSFADE: _draw_crossfade,
    TransitionKind.FADE: _draw_fade,
    TransitionKind.SLIDE: _draw_slide,
    TransitionKind.PUSH: _draw_push,
    TransitionKind.WIPE: _draw_wipe,
    TransitionKind.ZOOM: _draw_zoom,
}
