"""Names everything, beside its inputs, that decides the bytes this pipeline makes."""

from __future__ import annotations

import hashlib
import json
import re
from fractions import Fraction

import av
import cv2
import numpy as np
import PIL
from PIL import features

from services.renderer.pipeline.fonts import font_digests
from services.renderer.pipeline.resample import resampler_identity

PIPELINE_VERSION = 14
"""Raised with every change of this package that changes pixels, samples or bits."""


def engine_identity() -> str:
    """A digest of the pipeline's version, of the libraries that compute, and of the fonts.

    Renders of two engines with different identities never replace each other in a cache.
    """
    parts = {
        "pipeline": PIPELINE_VERSION,
        "av": av.__version__,
        "ffmpeg": av.ffmpeg_version_info,
        "libraries": av.library_versions,
        "x264": x264_version(),
        "cv2": cv2.__version__,
        "resampler": resampler_identity(),
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "shaping": {name: features.version(name) for name in ("raqm", "harfbuzz", "fribidi", "freetype2")},
        "fonts": font_digests(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def x264_version() -> str:
    """Version of the x264 that PyAV was built with, which it writes into each stream it begins."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt, context.time_base = 16, 16, "yuv420p", Fraction(1, 1)
    first = b"".join(
        bytes(packet) for frame in (av.VideoFrame(16, 16, "yuv420p"), None) for packet in context.encode(frame)
    )
    found = re.search(rb"x264 - core (\d+[^-]*)", first)
    return found.group(1).decode().strip() if found else "unknown"
