"""Errors of the object stores that `shared.errors` does not already have."""

from __future__ import annotations

from shared.errors import StudiomaticError


class StorageFullError(StudiomaticError):
    """There is no room for more; the message says where, the remedy is to free space or raise the quota.

    Not an infrastructure error: waiting in place frees no space, so a try elsewhere uses up an attempt and
    the last one fails the job with this message.
    """

    code = "storage.full"
    retryable = True


class DigestMismatchError(StudiomaticError):
    """Bytes are not the ones that were promised; nothing was stored or handed out."""

    code = "storage.digest_mismatch"
