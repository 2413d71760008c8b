"""Checks of what callers pass to a store, the same for every adapter."""

from __future__ import annotations

import re
from datetime import timedelta

from shared.errors import InvalidInputError

LONGEST_LIFETIME = timedelta(days=7)
"""The limit of X-Amz-Expires in AWS Signature Version 4."""

_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
_LONGEST_FILENAME = 200


def validate_media_type(media_type: str) -> str:
    """Return a media type without parameters, such as ``video/mp4``."""
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise InvalidInputError(f"{media_type[:100]!r} is no media type; write it like video/mp4")
    return media_type


def validate_range(start: int, length: int | None) -> None:
    """Refuse a range that no object can have."""
    if start < 0 or (length is not None and length < 1):
        raise InvalidInputError(f"no range starts at {start} with {length} bytes; start from 0, read 1 or more")


def validate_lifetime(lifetime: timedelta) -> int:
    """Return the lifetime of a permission in whole seconds."""
    if not timedelta(seconds=1) <= lifetime <= LONGEST_LIFETIME:
        raise InvalidInputError(f"a permission lasts from 1 second to 7 days, not {lifetime}")
    return int(lifetime.total_seconds())


def validate_filename(filename: str) -> str:
    """Return a name that a browser may save a file under: one printable part of a path."""
    printable = filename.isprintable() and not set(filename) & set('/\\"')
    if not filename or not printable or len(filename) > _LONGEST_FILENAME:
        raise InvalidInputError("a file name is 1 to 200 printable characters without / \\ and quotes")
    return filename
