"""Names everything, beside its inputs, that decides the bytes this pipeline makes."""

from __future__ import annotations

import hashlib
import json

import av
import cv2
import numpy as np
import PIL

PIPELINE_VERSION = 1
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
        "cv2": cv2.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
