"""Still pictures as the composer samples them: decoded, scaled and converted once for all frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from services.renderer.pipeline.backdrop import backdrop_of
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.geometry import visible_part
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Plane, Planes
from shared.contracts.references import ImageReference
from shared.contracts.timeline import Fit, FrameSize, Motion

# A bilinear sample reads 2x2 pixels: steps beyond this would skip pixels and shimmer in the widest view.
_WIDEST_STEP = 1.6
# A picture is not enlarged beyond this: the blur of a tiny picture has no detail that a sharper filter could keep.
_MOST_ENLARGED = 2.0
# A sharpened cubic, sampled bilinearly, brings grainy pictures nearer to exact Lanczos than OpenCV's Lanczos
# does, smooth ones as near as can be seen (tests/unit/renderer/test_stills.py), in a seventh of its time.
_SHARPENED = 0.06
_SHARPEN = np.array([-_SHARPENED, 1 + 2 * _SHARPENED, -_SHARPENED])

# Rows for cv2.transform on BGR input: YUV = M @ BGR + offset.
_YUV_FROM_BGR = np.hstack([YUV_FROM_RGB[:, ::-1], YUV_OFFSET[:, np.newaxis]])


@dataclass(frozen=True, kw_only=True)
class Still:
    """A picture ready to be sampled.

    ``planes`` has chroma in the middle of each 2x2 block. ``scale_x`` and ``scale_y`` are its pixels for each
    pixel of the original, whose size is ``original`` (width, height). ``backdrop``, a whole frame, is what lies
    around a picture that does not fill the frame.
    """

    planes: Planes
    original: tuple[int, int]
    scale_x: float
    scale_y: float
    backdrop: Planes | None = None

    @property
    def size_bytes(self) -> int:
        """Memory that the planes take."""
        return sum(plane.nbytes for plane in (*self.planes, *(self.backdrop or ())))


def load_still(
    path: Path, reference: ImageReference, motion: Motion, frame: FrameSize, fit: Fit = Fit.COVER
) -> Still:
    """Decode a normalised picture and bring it to the size in which ``motion`` samples it best.

    The closest view then has one pixel for each pixel of the frame: large pictures are averaged down once
    (no shimmer), small ones are enlarged with a sharper filter than the camera's.

    Raises:
        BadAssetError: The file is not a picture of the size that ``reference`` states.
    """
    original = (reference.width, reference.height)
    width, height = sampled_size(original, motion, frame, fit)
    planes = _planes_of(_decoded(path, reference), width, height)
    return Still(
        planes=planes,
        original=original,
        scale_x=width / reference.width,
        scale_y=height / reference.height,
        backdrop=backdrop_of(planes, frame) if fit is Fit.CONTAIN else None,
    )


def sampled_size(
    original: tuple[int, int], motion: Motion, frame: FrameSize, fit: Fit = Fit.COVER
) -> tuple[int, int]:
    """Width and height, both even, of the still in which ``motion`` samples a picture of this size best."""
    if fit is Fit.CONTAIN:
        scale = min(frame.width / original[0], frame.height / original[1], _MOST_ENLARGED)
        return _even(original[0] * scale), _even(original[1] * scale)
    steps = [visible_part(view, original, frame).width / frame.width for view in (motion.start, motion.end)]
    scale = min(1 / min(steps), _WIDEST_STEP / max(steps), _MOST_ENLARGED)
    return _even(original[0] * scale), _even(original[1] * scale)


def _decoded(path: Path, reference: ImageReference) -> Plane:
    name = reference.asset.sha256
    bgr = _read(path)
    if bgr is None:
        raise BadAssetError(f"picture {name} cannot be decoded; bring it in again")
    if bgr.shape[:2] != (reference.height, reference.width):
        raise BadAssetError(
            f"picture {name} is {bgr.shape[1]}x{bgr.shape[0]}, not {reference.width}x{reference.height}"
            " as its reference says; bring it in again"
        )
    return bgr


def _read(path: Path) -> Plane | None:
    """BGR, 8 bits; None when it cannot be decoded."""
    try:
        data = np.fromfile(path, np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)  # type: ignore[return-value]
    except cv2.error as error:  # an empty file, or more than memory holds
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        return None


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def _planes_of(bgr: Plane, width: int, height: int) -> Planes:
    """Convert, then bring luma to this size and chroma straight to half of it."""
    y, u, v = cv2.split(cv2.transform(bgr, _YUV_FROM_BGR))
    half = (width // 2, height // 2)
    if width * height <= y.size:
        return Planes(y=_averaged(y, (width, height)), u=_averaged(u, half), v=_averaged(v, half))  # type: ignore[arg-type]
    # Chroma gets at most twice as coarse here, which a cubic does as well as averages, at a fifth of their time.
    return Planes(y=_enlarged(y, (width, height)), u=_cubic(u, half), v=_cubic(v, half))  # type: ignore[arg-type]


def _averaged(plane: Plane, size: tuple[int, int]) -> Plane:
    """Made smaller; each pixel the mean of the area that it covers."""
    if plane.shape == size[::-1]:
        return plane
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _enlarged(plane: Plane, size: tuple[int, int]) -> Plane:
    """Made larger, sharpened by what the cubic, and later the camera's bilinear samples, will blur."""
    return _cubic(cv2.sepFilter2D(plane, -1, _SHARPEN, _SHARPEN, borderType=cv2.BORDER_REPLICATE), size)  # type: ignore[arg-type]


def _cubic(plane: Plane, size: tuple[int, int]) -> Plane:
    return cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]
