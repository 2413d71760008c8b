"""The client's side of a presigned put: bring one file to where the permission says."""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from shared.errors import ConfigurationError, StorageUnavailableError
from shared.storage.bodies import open_source
from shared.storage.errors import DigestMismatchError
from shared.storage.folder import FolderStore
from shared.storage.port import HttpUpload, LocalUpload

TIMEOUT_S = 30.0


def deliver(upload: HttpUpload | LocalUpload, path: Path) -> None:
    """Store a file by a permission from `ObjectStore.presign_put`; needs no credential.

    Raises:
        DigestMismatchError: The file is not the one the permission is for; nothing was stored.
        ConfigurationError: The permission was refused, for example because it expired.
        StorageUnavailableError: The store does not answer; retryable.
        InvalidInputError: The file cannot be read.
    """
    if isinstance(upload, LocalUpload):
        FolderStore(upload.folder).put(upload.key, path, media_type=upload.media_type, expected=upload.fingerprint)
        return
    with open_source(path) as body:
        _require_size(path, upload)
        status, answer = _send(upload, body)
    _check(status, answer)


def _require_size(path: Path, upload: HttpUpload) -> None:
    """Refuse a wrong length here: a server waits for the missing bytes of a short body until it times out."""
    announced = int(upload.headers["content-length"])
    if path.stat().st_size != announced:
        raise DigestMismatchError(f"the file does not have the announced {announced} bytes; announce it again")


def _send(upload: HttpUpload, body: BinaryIO) -> tuple[int, bytes]:
    url = urlsplit(upload.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("PUT", f"{url.path}?{url.query}", body, dict(upload.headers))
        response = connection.getresponse()
        return response.status, response.read(4096)
    except (OSError, http.client.HTTPException) as error:
        raise StorageUnavailableError("the object store does not answer an upload; try again") from error
    finally:
        connection.close()


def _check(status: int, answer: bytes) -> None:
    if status < 300:
        return
    if status >= 500:
        raise StorageUnavailableError(f"the object store answered {status} to an upload; try again")
    if b"SHA256Mismatch" in answer or b"BadDigest" in answer:
        raise DigestMismatchError("the file is not the one that was announced; announce it again")
    raise ConfigurationError(f"the object store refused an upload with {status}; ask for a new permission")
