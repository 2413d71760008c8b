"""Where the camera looks: from views and motions to the visible rectangle of a picture, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.timeline import Easing, FrameSize, Motion, View

_SMOOTH_SHARE = {Easing.LINEAR: 0.0, Easing.GENTLE: 0.5, Easing.SMOOTH: 1.0}
"""How much of an easing is smoothstep; the rest is linear, so that it never stands still under a crossfade."""


@dataclass(frozen=True, kw_only=True)
class Visible:
    """The visible rectangle of a picture, in pixels of that picture: left and top edge, width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Box:
    """Where a picture lies on the frame, in pixels of the frame: left and top edge, width and height."""

    left: float
    top: float
    width: float
    height: float


def visible_part(view: View, picture: tuple[int, int], frame: FrameSize) -> Visible:
    """The rectangle that ``view`` shows; it has the frame's aspect and never leaves the picture.

    Args:
        picture: Width and height of the picture [px].
    """
    picture_width, picture_height = picture
    scale = min(picture_width / frame.width, picture_height / frame.height) * 1000 / view.zoom_permille
    width, height = frame.width * scale, frame.height * scale
    return Visible(
        left=_clamped(picture_width * view.centre_x_permille / 1000 - width / 2, picture_width - width),
        top=_clamped(picture_height * view.centre_y_permille / 1000 - height / 2, picture_height - height),
        width=width,
        height=height,
    )


def visible_at(
    motion: Motion, frame_number: int, motion_frames: int, picture: tuple[int, int], frame: FrameSize
) -> Visible:
    """The rectangle shown in one frame of a camera move.

    Its edges move in a straight line between two rectangles inside the picture, so it stays inside.

    Args:
        frame_number: From 0; beyond the end of the motion the camera rests.
        motion_frames: Length of the motion.
    """
    start = visible_part(motion.start, picture, frame)
    end = visible_part(motion.end, picture, frame)
    part = eased(motion.easing, min(1.0, frame_number / max(1, motion_frames - 1)))
    return Visible(
        left=start.left + (end.left - start.left) * part,
        top=start.top + (end.top - start.top) * part,
        width=start.width + (end.width - start.width) * part,
        height=start.height + (end.height - start.height) * part,
    )


def contained_at(
    motion: Motion, frame_number: int, motion_frames: int, picture: tuple[int, int], frame: FrameSize
) -> Box:
    """Where a picture that is seen whole lies in one frame of a camera move: in the middle.

    The closest view of the move is the largest that fits the frame; others are smaller in proportion.
    """
    start, end = motion.start.zoom_permille, motion.end.zoom_permille
    zoom = start + (end - start) * eased(motion.easing, min(1.0, frame_number / max(1, motion_frames - 1)))
    scale = min(frame.width / picture[0], frame.height / picture[1]) * zoom / max(start, end)
    width, height = picture[0] * scale, picture[1] * scale
    return Box(left=(frame.width - width) / 2, top=(frame.height - height) / 2, width=width, height=height)


def eased(easing: Easing, part: float) -> float:
    """How far a movement has come when ``part`` of its time is over; both from 0 to 1."""
    smooth = part * part * (3 - 2 * part)
    return part + (smooth - part) * _SMOOTH_SHARE[easing]


def _clamped(value: float, most: float) -> float:
    return min(max(0.0, value), max(0.0, most))
