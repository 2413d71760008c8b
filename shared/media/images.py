"""Opens outside pictures and puts them in normal form; runs in the media child only.

The normal form is PNG at the fastest compression: lossless, so that a picture may pass here twice, and decoded by
cv2 in some 10 ms per megapixel. RGB, 8 bits, sRGB, upright, no metadata, longest side bounded.
Opaque, but for logos with transparent parts, which have an alpha channel.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from shared.errors import BadMediaError
from shared.media import formats
from shared.media.formats import MediaFormat
from shared.media.interest import point_of_interest
from shared.media.limits import MediaLimits
from shared.media.results import MediaKind, MediaProbe, NormalisedImage
from shared.media.task import MediaTask

# Saving looks these up, and once the child is sealed nothing can be imported any more.
Image.preinit()

_READERS: dict[MediaFormat, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    formats.PNG: PngImagePlugin.PngImageFile,
    formats.JPEG: JpegImagePlugin.JpegImageFile,
    formats.GIF: GifImagePlugin.GifImageFile,
    formats.WEBP: WebPImagePlugin.WebPImageFile,
    formats.BMP: BmpImagePlugin.BmpImageFile,
    formats.TIFF: TiffImagePlugin.TiffImageFile,
}

_ORIENTATION_TAG = 0x0112
# EXIF 2.32, table 6: how the stored picture must be turned to be upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)

# Colour space of an ICC profile (ICC.1:2022, 7.2.6) → mode it can be applied to.
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SIXTEEN_BIT_MODES = ("I;16", "I;16B", "I;16L", "I;16N")


@dataclass
class _Work:
    """A picture on its way to the normal form, and what its author should know."""

    image: Image.Image
    warnings: list[str] = field(default_factory=list)


def probe_image(task: MediaTask) -> MediaProbe:
    """Read a picture's header and refuse what exceeds the limits, before anything is decoded."""
    image = _open(task)
    width, height = _upright_size(image, task.format)
    return MediaProbe(
        kind=MediaKind.IMAGE,
        format=task.format.name,
        media_type=task.format.media_type,
        size_bytes=task.size_bytes,
        codec=task.format.name,
        width=width,
        height=height,
    )


def normalise_image(task: MediaTask) -> NormalisedImage:
    """Decode a picture and write it in normal form to the task's output.

    Options: ``max_side`` [px], the longest side it may keep; ``background``, ``#RRGGBB`` put behind transparency,
    or None to keep it.
    """
    image = _open(task)
    orientation = 1 if task.format is formats.TIFF else _orientation(image)  # Pillow turns TIFF by itself
    profile = image.info.get("icc_profile")
    image.load()
    work = _Work(_in_known_mode(image))
    _shrink(work, task.options["max_side"])
    _to_srgb(work, profile)
    if task.options["background"] is not None:
        _flatten(work, task.options["background"])
    if orientation in _TURNS:
        work.image = work.image.transpose(_TURNS[orientation])
    size_bytes = save_png(work.image, task.opened_output())
    return NormalisedImage(
        width=work.image.width,
        height=work.image.height,
        size_bytes=size_bytes,
        source_format=task.format.name,
        warnings=tuple(work.warnings),
        interest=point_of_interest(work.image) if work.image.mode == "RGB" else None,
    )


def _open(task: MediaTask) -> ImageFile.ImageFile:
    task.check_size(task.limits.image_bytes)
    # Pillow refuses above twice this number where it must allocate before we see the size (WebP).
    Image.MAX_IMAGE_PIXELS = task.limits.image_pixels // 2
    try:
        image = _READERS[task.format](io.BytesIO(task.source.read()))
    except Image.DecompressionBombError as error:
        raise _too_large("it", task.limits) from error
    _check_dimensions(image, task.limits)
    if getattr(image, "is_animated", False):
        raise BadMediaError(
            "an animation or a file of several pictures cannot be a slide; save the one you want as PNG or JPEG"
        )
    return image


def _check_dimensions(image: Image.Image, limits: MediaLimits) -> None:
    width, height = image.size
    if max(width, height) > limits.image_side or width * height > limits.image_pixels:
        raise _too_large(f"{width}x{height} pixels", limits)
    if min(width, height) < limits.image_min_side:
        raise BadMediaError(
            f"{width}x{height} pixels is too small to show; give a picture of at least "
            f"{limits.image_min_side} pixels on each side"
        )


def _too_large(what: str, limits: MediaLimits) -> BadMediaError:
    return BadMediaError(
        f"{what} is larger than allowed ({limits.image_side} pixels on a side, "
        f"{limits.image_pixels / 1e6:g} million in all); scale it down"
    )


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1, upright, where the picture does not say or says it in a broken way."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except (SyntaxError, ValueError, KeyError, TypeError, IndexError, OSError, struct.error):
        return 1
    return value if value in _TURNS else 1


def _upright_size(image: Image.Image, media_format: MediaFormat) -> tuple[int, int]:
    if media_format is not formats.TIFF and _orientation(image) in _SIDEWAYS:
        return image.height, image.width
    return image.size


def _in_known_mode(image: Image.Image) -> Image.Image:
    """Convert to L, RGB, RGBA or CMYK, 8 bits each."""
    if image.mode in _SIXTEEN_BIT_MODES:
        # 65535 / 257 = 255: full range to full range.
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode in ("I", "F"):
        raise BadMediaError("32 bits per pixel have no agreed range; save it with 8 or 16 bits")
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrink(work: _Work, max_side: int) -> None:
    width, height = work.image.size
    if max(width, height) <= max_side:
        return
    scale = max_side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    work.image = work.image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    work.warnings.append(f"scaled down from {width}x{height}")


def _to_srgb(work: _Work, profile: bytes | None) -> None:
    """Apply an embedded colour profile; without one RGB is taken as sRGB, CMYK converted by rule of thumb."""
    alpha = work.image.getchannel("A") if work.image.mode == "RGBA" else None
    colour = work.image.convert("RGB") if alpha else work.image
    converted = _apply_profile(work, colour, profile) if profile else None
    if converted is None and colour.mode == "CMYK":
        work.warnings.append("CMYK without a usable colour profile: colours are approximate")
    work.image = converted or colour.convert("RGB")
    if alpha:
        work.image.putalpha(alpha)


def _apply_profile(work: _Work, colour: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return None
        if _PROFILE_MODES.get(source.profile.xcolor_space.strip()) != colour.mode:
            work.warnings.append("colour profile of another kind of picture ignored")
            return None
        return ImageCms.profileToProfile(
            colour,
            source,
            cast(Any, ImageCms.createProfile("sRGB")),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        work.warnings.append("broken colour profile ignored")
        return None


def _flatten(work: _Work, background: str) -> None:
    if work.image.mode != "RGBA":
        return
    alpha = work.image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        work.image = work.image.convert("RGB")
        return
    ground = Image.new("RGB", work.image.size, background)
    ground.paste(work.image.convert("RGB"), mask=alpha)
    work.image = ground
    work.warnings.append(f"transparent parts shown on {background}")


def save_png(image: Image.Image, output: io.FileIO) -> int:
    """Write a picture in normal form; returns its bytes."""
    image.info.clear()  # Pillow would write the profile and other leftovers of the source
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    _write_all(output, buffer.getbuffer())
    return buffer.tell()


def _write_all(output: io.FileIO, data: memoryview) -> None:
    while data:
        data = data[output.write(data) :]
