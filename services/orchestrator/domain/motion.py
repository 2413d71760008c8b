"""The camera move over a still picture: the author's, or one chosen from the picture itself.

Nothing here depends on where a slide stands, so that a move stays when slides are inserted before it. What must be
seen, a point with room for a face around it, is seen in both views, and so in every frame between them: the edges
of what is visible move in straight lines.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.references import ImageReference
from shared.contracts.revisions import Camera, SlideLook
from shared.contracts.timeline import Fit, FrameSize, Motion, View

WIDE = 1.02
"""Zoom of the wide view of a move; the little beyond 1 leaves room for a slight pan."""

ZOOM_PER_SECOND = 0.028
LEAST_ZOOM, MOST_ZOOM = 0.06, 0.16
"""How much closer the near view is: enough to be seen on a short slide, never a dive into a long one."""

CONTAINED_ZOOM = 0.04
"""How much a picture that is seen whole grows or shrinks."""

PAN_PER_SECOND = 0.11
"""How fast a pan may go, as a part of what is visible."""
PAN_ZOOM = 1.14
"""Zoom of a pan over a picture that has the frame's shape, which leaves a way to go."""

PANS_BELOW = 0.62
"""Of a picture of which less than this part fits the frame, the camera shows more by panning."""

FACE = 0.2
"""Room kept on every side of a point, as a part of the visible height (at most of twice the width)."""

HEADROOM = 0.25
"""How far below the middle a guessed point is shown, as a part of what is visible, times the part of the height
that is cut: what stands out is often the clothes, and the head above them must not go."""

OFF_CENTRE = 0.16
"""A point as far from the middle as this, in parts of the picture, is one to move towards."""

_DRIFTS = ((0.5, 0.5), (0.38, 0.45), (0.62, 0.45), (0.42, 0.56), (0.58, 0.56))
"""Where a move over a picture that asks for no point looks when near."""


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """A picture in its frame; places and lengths are parts of the picture's sides.

    ``point`` is what must be seen and ``target`` what the camera looks at for it; ``wide`` and ``high`` are the
    sides of the largest part that fits the frame.
    """

    point: tuple[float, float] | None
    target: tuple[float, float] | None
    wide: float
    high: float
    aspect: float
    chance: bytes

    @property
    def centre(self) -> tuple[float, float]:
        return self.target or (0.5, 0.5)

    def view(self, zoom: float, centre: tuple[float, float]) -> View:
        """The view nearest to this one that shows the point with room for a face, inside the picture."""
        x, y = (_clamped(place, *self.bounds(axis, zoom)) for axis, place in enumerate(centre))
        return View(
            zoom_permille=round(zoom * 1000), centre_x_permille=round(x * 1000), centre_y_permille=round(y * 1000)
        )

    def bounds(self, axis: int, zoom: float) -> tuple[float, float]:
        """Between which places the centre of a view may lie."""
        half = (self.wide, self.high)[axis] / zoom / 2
        least, most = half, 1 - half
        if self.point is None:
            return least, most
        point, room = self.point[axis], self._room(axis, zoom)
        return _clamped(point - half + room, least, most), _clamped(point + half - room, least, most)

    def _room(self, axis: int, zoom: float) -> float:
        """Half of what is kept around the point."""
        width_in_heights = min(1.0, 2 * self.aspect)
        side = FACE * width_in_heights / (1.0 if axis else self.aspect)
        return side * (self.wide, self.high)[axis] / zoom


def motion_for(image: ImageReference, look: SlideLook, size: FrameSize, seconds: float) -> Motion:
    """How the camera moves over a picture; the same picture, look and length always give the same move.

    Args:
        seconds: How long the move takes.
    """
    scene = _scene(image, look, size)
    if look.camera is Camera.HOLD:
        return _held(scene.view(1.0, scene.centre))
    if look.fit is Fit.CONTAIN:
        return _contained(scene, look.camera)
    if look.camera is Camera.PAN or (look.camera is Camera.AUTO and scene.wide * scene.high < PANS_BELOW):
        return _pan(scene, seconds)
    return _zoom(scene, look.camera, seconds)


def _scene(image: ImageReference, look: SlideLook, size: FrameSize) -> _Scene:
    picture, frame = image.width / image.height, size.width / size.height
    focus = look.focus or image.interest
    point = (focus.x_permille / 1000, focus.y_permille / 1000) if focus else None
    high = min(1.0, picture / frame)
    lift = 0.0 if look.focus else HEADROOM * high * (1 - high)
    return _Scene(
        point=point,
        target=(point[0], point[1] - lift) if point else None,
        wide=min(1.0, frame / picture),
        high=high,
        aspect=frame,
        chance=bytes.fromhex(image.asset.sha256),
    )


def _held(view: View) -> Motion:
    return Motion(start=view, end=view)


def _contained(scene: _Scene, camera: Camera) -> Motion:
    """The whole picture, which comes a little nearer or goes a little away."""
    far, near = (
        View(zoom_permille=round(zoom * 1000), centre_x_permille=500, centre_y_permille=500)
        for zoom in (1.0, 1.0 + CONTAINED_ZOOM)
    )
    return Motion(start=far, end=near) if _goes_in(scene, camera) else Motion(start=near, end=far)


def _zoom(scene: _Scene, camera: Camera, seconds: float) -> Motion:
    """Ken Burns: towards the point, or away from it; without a point, a slight drift."""
    closeness = WIDE + _clamped(ZOOM_PER_SECOND * seconds, LEAST_ZOOM, MOST_ZOOM)
    target = scene.target or _DRIFTS[scene.chance[0] % len(_DRIFTS)]
    start = scene.centre if scene.target else (1 - target[0], 0.5)
    wide, near = scene.view(WIDE, start), scene.view(closeness, target)
    return Motion(start=wide, end=near) if _goes_in(scene, camera) else Motion(start=near, end=wide)


def _goes_in(scene: _Scene, camera: Camera) -> bool:
    """Towards a point that lies aside; else the picture's own chance decides, so that moves differ."""
    if camera in (Camera.ZOOM_IN, Camera.ZOOM_OUT):
        return camera is Camera.ZOOM_IN
    x, y = scene.point or (0.5, 0.5)
    return max(abs(x - 0.5), abs(y - 0.5)) > OFF_CENTRE or scene.chance[1] % 2 == 0


def _pan(scene: _Scene, seconds: float) -> Motion:
    """Along the side that does not fit the frame, as far as the time allows, ending nearest to the point."""
    fits = min(scene.wide, scene.high) > 1 / PAN_ZOOM
    zoom = PAN_ZOOM if fits else 1.0
    axis = 1 if scene.high < scene.wide else 0
    least, most = scene.bounds(axis, zoom)
    start, end = _way(scene, axis, (least, most), PAN_PER_SECOND * seconds * (scene.wide, scene.high)[axis] / zoom)
    across = scene.centre[1 - axis]
    places = [(place, across) if axis == 0 else (across, place) for place in (start, end)]
    return Motion(start=scene.view(zoom, places[0]), end=scene.view(zoom, places[1]))


def _way(scene: _Scene, axis: int, bounds: tuple[float, float], longest: float) -> tuple[float, float]:
    """Where the centre starts and ends."""
    least, most = bounds
    if scene.target is None:
        half = min(most - least, longest) / 2
        middle = (least + most) / 2
        return (middle - half, middle + half) if scene.chance[1] % 2 else (middle + half, middle - half)
    end = _clamped(scene.target[axis], least, most)
    start = least if end - least > most - end else most
    return end + _clamped(start - end, -longest, longest), end


def _clamped(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)
