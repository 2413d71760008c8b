"""The client's side of permissions: bring one file to where a permission says, or one object home.

No credential is needed, and none is known here.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from shared.errors import ConfigurationError, NotFoundError, StorageUnavailableError
from shared.storage.bodies import Fingerprint, ObjectBody, open_source, save
from shared.storage.errors import DigestMismatchError
from shared.storage.folder import FolderStore
from shared.storage.port import HttpDownload, HttpUpload, LocalUpload

TIMEOUT_S = 30.0


class PermissionRefusedError(ConfigurationError):
    """The object store refuses a permission, for example because it expired; ask for a new one."""

    code = "storage.permission_refused"


def deliver(upload: HttpUpload | LocalUpload, path: Path) -> None:
    """Store a file by a permission from `ObjectStore.presign_put`.

    Raises:
        DigestMismatchError: The file is not the one the permission is for; nothing was stored.
        PermissionRefusedError: The permission was refused, for example because it expired.
        StorageUnavailableError: The store does not answer; retryable.
        InvalidInputError: The file cannot be read.
    """
    if isinstance(upload, LocalUpload):
        FolderStore(upload.folder).put(upload.key, path, media_type=upload.media_type, expected=upload.fingerprint)
        return
    with open_source(path) as body:
        _require_size(path, upload)
        with _answer("PUT", upload.url, "an upload", body, dict(upload.headers)) as response:
            _check_upload(response.status, response.read(4096))


def fetch(download: HttpDownload, target: Path, *, expected: Fingerprint, name: str) -> None:
    """Copy an object into a file by a permission from `ObjectStore.presign_get`.

    The file appears, or is replaced, only when all bytes are the expected ones.

    Args:
        name: What errors call the object.
    Raises:
        NotFoundError: It is not stored.
        DigestMismatchError: The store sent other bytes.
        PermissionRefusedError: The permission was refused, for example because it expired.
        StorageUnavailableError: The store does not answer; retryable.
        StorageFullError, InvalidInputError, ConfigurationError: The file cannot be written.
    """
    with _answer("GET", download.url, "a download") as response:
        _check_download(response.status, name)
        if response.length not in (None, expected.size_bytes):
            raise DigestMismatchError(f"{name} has {response.length} bytes at the store, expected {expected}")
        with ObjectBody(response, expected.size_bytes, lambda: _http_errors("a download")) as body:
            save(body, target, expected, name)


@contextmanager
def _answer(
    method: str, address: str, what: str, body: BinaryIO | None = None, headers: dict[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    """The store's answer to one request; the body is streamed in both directions."""
    url = urlsplit(address)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=TIMEOUT_S)
    try:
        with _http_errors(what):
            connection.request(method, f"{url.path}?{url.query}", body, headers or {})
            response = connection.getresponse()
        yield response
    finally:
        connection.close()


@contextmanager
def _http_errors(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise StorageUnavailableError(f"the object store does not answer {what}; try again") from error


def _require_size(path: Path, upload: HttpUpload) -> None:
    """Refuse a wrong length here: a server waits for the missing bytes of a short body until it times out."""
    announced = int(upload.headers["content-length"])
    if path.stat().st_size != announced:
        raise DigestMismatchError(f"the file does not have the announced {announced} bytes; announce it again")


def _check_upload(status: int, answer: bytes) -> None:
    if status < 300:
        return
    if b"SHA256Mismatch" in answer or b"BadDigest" in answer:
        raise DigestMismatchError("the file is not the one that was announced; announce it again")
    raise _refused(status, "an upload")


def _check_download(status: int, name: str) -> None:
    if status == 404:
        raise NotFoundError(f"{name} is not stored")
    if status != 200:
        raise _refused(status, "a download")


def _refused(status: int, what: str) -> StorageUnavailableError | PermissionRefusedError:
    if status >= 500:
        return StorageUnavailableError(f"the object store answered {status} to {what}; try again")
    return PermissionRefusedError(f"the object store refused {what} with {status}; ask for a new permission")
