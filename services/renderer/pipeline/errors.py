"""Why a render fails: the leaves below TaskFailedError that the pipeline raises.

TaskFailedError
├── BadAssetError        renderer.bad_asset       a picture, sound or font that is not what it claims to be
├── BadSegmentError      renderer.bad_segment     a segment that does not hold the frames it claims
└── BadAssemblyError     renderer.bad_assembly    the joined video does not hold what was put in
"""

from __future__ import annotations

from shared.errors import TaskFailedError


class BadAssetError(TaskFailedError):
    """A picture, sound or font that cannot be read; the message names it."""

    code = "renderer.bad_asset"


class BadSegmentError(TaskFailedError):
    """A segment that does not hold the frames it claims; it must be rendered again."""

    code = "renderer.bad_segment"


class BadAssemblyError(TaskFailedError):
    """The joined video does not hold what was put in; nothing was published."""

    code = "renderer.bad_assembly"
    retryable = True
