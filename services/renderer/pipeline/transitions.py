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
    _draw_grown(takeover.scratch, target, 1 + (ZOOM_OUTGOING - 1) * takeover.travelled)
    takeover.incoming(takeover.scratch, 1.0)
    grown = Planes(*(np.empty_like(plane) for plane in target))
    _draw_grown(takeover.scratch, grown, _incoming_scale(takeover))
    for plane, over in zip(target, grown, strict=True):
        weights = zoom_weights(plane.shape, _incoming_scale(takeover), takeover.part)
        cv2.blendLinear(over, plane, weights, 1 - weights, plane)


def zoom_weights(shape: tuple[int, ...], scale: float, part: float) -> _Weights:
    """How much of a clip that zooms in is seen: a soft rectangle of ``scale`` of the frame, which fades in.

    Args:
        shape: Height and width of the plane.
        part: How much of the transition is over.
    """
    edge = ZOOM_EDGE * math.sqrt((1 - scale) / (1 - ZOOM_INCOMING))
    down, across = (
        _smooth(np.clip((scale / 2 - np.abs((np.arange(length) + 0.5) / length - 0.5)) / max(edge, 1e-6), 0, 1))
        for length in shape
    )
    return np.outer(down, across) * np.float32(min(1.0, part / ZOOM_FADE))


def _smooth(ramp: NDArray[np.float64]) -> _Weights:
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)


def _incoming_scale(takeover: Takeover) -> float:
    """Fast at first, at rest when the clip fills the frame."""
    return ZOOM_INCOMING + (1 - ZOOM_INCOMING) * (1 - (1 - takeover.part) ** 2)


def _draw_grown(source: Planes, target: Planes, scale: float) -> None:
    """A whole frame about its middle, ``scale`` times as large."""
    height, width = target.y.shape
    step = 1 / scale
    left, top = ((length - 1) / 2 * (1 - step) for length in (width, height))
    resample(source.y, target.y, step, step, left, top)
    # Chroma sample (i, j) lies at luma (2i, 2j + 0.5); see planes.
    chroma = (left / 2, (top + 0.5 * step - 0.5) / 2)
    resample(source.u, target.u, step, step, *chroma)
    resample(source.v, target.v, step, step, *chroma)


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
