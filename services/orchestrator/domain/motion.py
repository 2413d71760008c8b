"""The camera move of a still picture, chosen from the picture itself so that it stays when slides move."""

from __future__ import annotations

from shared.contracts.references import ImageReference
from shared.contracts.timeline import Motion, View

_WIDE = 1000
_NEAR = 1140
_CENTRES = ((500, 500), (380, 450), (620, 450), (420, 560), (580, 560))
"""Where a move looks when near: middle, left, right, lower left, lower right [thousandths]."""


def motion_for(image: ImageReference) -> Motion:
    """A slow zoom in or out with a slight pan (Ken Burns); the same picture always moves the same way."""
    digest = bytes.fromhex(image.asset.sha256)
    x, y = _CENTRES[digest[0] % len(_CENTRES)]
    wide = View(zoom_permille=_WIDE + 20, centre_x_permille=1000 - x, centre_y_permille=500)
    near = View(zoom_permille=_NEAR, centre_x_permille=x, centre_y_permille=y)
    return Motion(start=wide, end=near) if digest[1] % 2 == 0 else Motion(start=near, end=wide)
