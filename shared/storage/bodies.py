"""Bodies of objects on their way: read in chunks, counted, hashed, compared with what was promised."""

from __future__ import annotations

import errno
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from shared.errors import ConfigurationError, InvalidInputError, StorageUnavailableError
from shared.storage.errors import DigestMismatchError, StorageFullError

CHUNK_BYTES = 1 << 20

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Readable(Protocol):
    """Anything that can be read front to end; an empty answer is the end."""

    def read(self, size: int, /) -> bytes: ...


class ClosableReadable(Readable, Protocol):
    """A stream that holds something until it is closed."""

    def close(self) -> None: ...


Source = Path | Readable


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What some bytes are: SHA-256 as 64 lower-case hex digits, and their number."""

    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256) or self.size_bytes < 0:
            raise InvalidInputError("a fingerprint is 64 lower-case hex digits and a size from 0")

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes with SHA-256 {self.sha256}"


class Meter:
    """Counts and hashes bytes that pass by."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._size_bytes = 0

    def update(self, chunk: bytes) -> None:
        self._sha256.update(chunk)
        self._size_bytes += len(chunk)

    @property
    def fingerprint(self) -> Fingerprint:
        """What has passed by so far."""
        return Fingerprint(sha256=self._sha256.hexdigest(), size_bytes=self._size_bytes)

    def verify(self, expected: Fingerprint | None, key: str) -> Fingerprint:
        """Return the fingerprint of what passed by.

        Raises:
            DigestMismatchError: Something else was expected.
        """
        actual = self.fingerprint
        if expected is not None and actual != expected:
            raise DigestMismatchError(
                f"{key}: got {actual}, expected {expected}; take the bytes from their source again"
            )
        return actual


class ObjectBody:
    """An open object: read it front to end, once.

    Args:
        stream: Where the bytes come from.
        size_bytes: How many there are to read; a stream that ends before is an error, never a short object.
        guard: Turns the errors of the stream into ours.
    """

    def __init__(
        self, stream: ClosableReadable, size_bytes: int, guard: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._stream = stream
        self._remaining = size_bytes
        self._guard = guard

    def read(self, size: int = -1, /) -> bytes:
        """Read up to ``size`` bytes, or all that remain when it is negative; empty at the end."""
        if size < 0:
            return b"".join(self)
        wanted = min(size, self._remaining)
        if not wanted:
            return b""
        with self._guard():
            chunk = self._stream.read(wanted)
        if not chunk:
            raise StorageUnavailableError(f"an object ended {self._remaining} bytes early; try again")
        self._remaining -= len(chunk)
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        """Go through the rest in chunks of about 1 MiB."""
        return chunks(self)

    def close(self) -> None:
        """Give the file or connection back."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def chunks(stream: Readable) -> Iterator[bytes]:
    """Go through a stream in chunks; lets other green threads run in between, for disks never do."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
        time.sleep(0)


@contextmanager
def opened(source: Source) -> Iterator[Readable]:
    """Open a source that is a path; a stream stays the caller's to close.

    Raises:
        InvalidInputError: The file cannot be opened.
    """
    if not isinstance(source, Path):
        yield source
        return
    with open_source(source) as file:
        yield FileSource(file)


def open_source(path: Path) -> BinaryIO:
    """Open a file that shall be stored.

    Raises:
        InvalidInputError: It cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidInputError(f"cannot read {path.name}: {error.strerror}") from error


class FileSource:
    """A file to be stored, whose errors are ours."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        with disk_errors("reading the file to store"):
            return self._file.read(size)


def fingerprint_of(path: Path) -> Fingerprint:
    """Read a file and tell what its bytes are, for example to name an asset by them.

    Raises:
        InvalidInputError: The file cannot be opened.
    """
    meter = Meter()
    with opened(path) as stream:
        for chunk in chunks(stream):
            meter.update(chunk)
    return meter.fingerprint


def save(body: Readable, target: Path, expected: Fingerprint, key: str) -> None:
    """Write a body to a file that appears, or is replaced, only when all bytes are the expected ones."""
    action = f"saving {key}"
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    with disk_errors(action):
        file = partial.open("xb", buffering=0)
    try:
        with file:
            meter = Meter()
            for chunk in chunks(body):
                write(file, chunk, action)
                meter.update(chunk)
        meter.verify(expected, key)
        with disk_errors(action):
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write(file: BinaryIO | RawIOBase, chunk: bytes, action: str) -> None:
    """Write all of a chunk; errors of the disk become ours, errors of where the chunk came from do not."""
    view = memoryview(chunk)
    with disk_errors(action):
        while view:
            view = view[file.write(view) :]


_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_SUCH_PLACE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}


@contextmanager
def disk_errors(action: str) -> Iterator[None]:
    """Turn what a disk answers into our errors; ``action`` begins the message, e.g. ``storing <key>``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise StorageFullError(f"{action}: {reason}; free space or raise the quota, then resume") from error
        if error.errno in _REFUSED:
            raise ConfigurationError(f"{action}: {reason}; make the folder writable for this user") from error
        if error.errno in _NO_SUCH_PLACE:
            raise InvalidInputError(f"{action}: {reason}; name an existing folder") from error
        raise StorageUnavailableError(f"{action}: {reason}; check the disk") from error
