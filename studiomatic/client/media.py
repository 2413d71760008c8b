"""Bodies between this machine and the object store: offered by digest, put and fetched over HTTP.

They never travel on the bus, and the client holds no key of the store.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from shared.contracts.media import (
    MAX_UPLOAD_BYTES,
    AcceptMedia,
    DownloadPermission,
    MediaAccepted,
    MediaKind,
    OfferMedia,
    OpenDownload,
    UploadPermission,
)
from shared.contracts.message import Query, Reply
from shared.contracts.references import AssetReference
from shared.errors import BadMediaError, NotFoundError, RemoteError, StudiomaticError
from shared.storage import Fingerprint, HttpDownload, HttpUpload, deliver, fingerprint_of
from shared.storage.delivery import PermissionRefusedError, fetch

R = TypeVar("R", bound=Reply)
T = TypeVar("T")

ACCEPT_TIMEOUT_S = 180.0
"""Content decodes and normalises the whole file before it answers."""
ACCEPT_VIDEO_TIMEOUT_S = 2_400.0
"""A long video takes its sandbox up to half an hour, and more when others wait there."""


class AskContent(Protocol):
    """Asks content for one account."""

    def __call__(self, query: Query, reply: type[R], *, timeout_s: float | None = None) -> R: ...


def hand_in(ask: AskContent, path: Path, kind: MediaKind) -> MediaAccepted:
    """Bring a file of the author's own to the store, and have it taken in.

    Raises:
        BadMediaError: It cannot be used; names it.
        InvalidInputError: It cannot be read.
    """
    file = fingerprint_of(path)
    if not 1 <= file.size_bytes <= MAX_UPLOAD_BYTES:
        limit = MAX_UPLOAD_BYTES // 1024**2
        raise BadMediaError(f"{path.name} has {file.size_bytes} bytes; give a file of 1 byte to {limit} MiB")
    # A permission expires while a slow upload waits; and when the answer of an earlier acceptance was lost, the
    # upload is gone although all went well. Both are mended by beginning again.
    return _with_second_try(
        lambda: _uploaded_and_accepted(ask, path, kind, file), (NotFoundError, PermissionRefusedError)
    )


def bring_home(ask: AskContent, asset: AssetReference, target: Path) -> None:
    """Copy a stored object into a file that appears only when all of it was verified.

    Raises:
        NotFoundError: It is not stored, or not in this account.
        DigestMismatchError: The store holds other bytes.
    """
    expected = Fingerprint(sha256=asset.sha256, size_bytes=asset.size_bytes)

    def fetched() -> None:
        permission = ask(OpenDownload(asset=asset), DownloadPermission)
        fetch(HttpDownload(url=permission.url), target, expected=expected, name=asset.key)

    _with_second_try(fetched, (PermissionRefusedError,))


def _uploaded_and_accepted(ask: AskContent, path: Path, kind: MediaKind, file: Fingerprint) -> MediaAccepted:
    permission = ask(OfferMedia(sha256=file.sha256, size_bytes=file.size_bytes), UploadPermission)
    deliver(HttpUpload(url=permission.url, headers=permission.headers), path)
    accept = AcceptMedia(
        media_kind=kind, sha256=file.sha256, size_bytes=file.size_bytes, name=path.name[:255] or "file"
    )
    try:
        timeout_s = ACCEPT_VIDEO_TIMEOUT_S if kind is MediaKind.VIDEO else ACCEPT_TIMEOUT_S
        return ask(accept, MediaAccepted, timeout_s=timeout_s)
    except RemoteError as error:
        if error.code == BadMediaError.code:
            raise BadMediaError(error.message) from None
        raise


def _with_second_try(act: Callable[[], T], reasons: tuple[type[StudiomaticError], ...]) -> T:
    try:
        return act()
    except reasons:
        return act()
