"""The port to stored objects: what every store promises, whether it is a folder or an S3 bucket.

Objects are immutable bytes under a key of `shared.storage.keys`, with a SHA-256, a size and a media type.
A reader sees a whole object or none. Bodies are streamed; no operation holds more than a few MiB of one.

Every operation may raise, besides what it names:
    InvalidInputError: A key, prefix, range, media type or lifetime that cannot be.
    StorageUnavailableError: The store or its disk does not answer; retryable.
    ConfigurationError: The store refuses us; the message names the remedy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from shared.storage.bodies import Fingerprint, ObjectBody, Source


@dataclass(frozen=True, kw_only=True)
class FolderLocation:
    """Objects in a folder of this machine; made when it is missing, readable by its owner only."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """Objects in a bucket that already exists.

    Attributes:
        endpoint: ``http(s)://host[:port]``; None: Amazon's own for the region.
    """

    bucket: str
    access_key: SecretStr
    secret_key: SecretStr
    region: str = "us-east-1"
    endpoint: str | None = None


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """What a store knows of an object. ``modified`` is UTC, exact to the second."""

    key: str
    fingerprint: Fingerprint
    media_type: str
    modified: datetime


@dataclass(frozen=True, kw_only=True)
class ListedObject:
    """One entry of a listing; a listing does not tell digests."""

    key: str
    size_bytes: int
    modified: datetime


@dataclass(frozen=True, kw_only=True)
class PutResult:
    """Outcome of a conditional put: what is stored now, and whether this put created it."""

    created: bool
    fingerprint: Fingerprint


@dataclass(frozen=True, kw_only=True)
class HttpDownload:
    """Leave to read one object by GET; whoever knows the URL may, until it expires."""

    url: str


@dataclass(frozen=True, kw_only=True)
class LocalDownload:
    """The object as a file of this machine, for reading only; it does not expire, file permissions guard it."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class HttpUpload:
    """Leave to PUT exactly one body: URL and the headers that must be sent exactly as they are."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class LocalUpload:
    """What a client on this machine puts into the folder store itself; checked like any put, never expires."""

    folder: Path
    key: str
    media_type: str
    fingerprint: Fingerprint


class ObjectStore(Protocol):
    """Holds objects; safe to use from several threads and green threads at once."""

    def put(
        self, key: str, source: Source, *, media_type: str, expected: Fingerprint | None = None
    ) -> Fingerprint:
        """Store the bytes of a file or stream, replacing what was there; returns what they are.

        Args:
            source: Path, or anything with ``read(size)``; a stream is read from where it stands to its end.
            media_type: For example ``video/mp4``; readers get it back.
            expected: What the bytes must be; None: take them as they come.
        Raises:
            DigestMismatchError: The bytes are not the expected ones, or changed while they were read.
            StorageFullError: There is no room.
            ConflictError: The prefix was erased while the object was being written.
        """
        ...

    def put_if_absent(
        self, key: str, source: Source, *, media_type: str, expected: Fingerprint | None = None
    ) -> PutResult:
        """Store like `put`, but only when the key is free; of several at once exactly one creates the object.

        At most 5 GiB on S3 (its limit for a single PUT). Raises like `put`.
        """
        ...

    def head(self, key: str) -> StoredObject:
        """Tell what is stored under a key.

        Raises:
            NotFoundError: Nothing is.
            DigestMismatchError: Something is that carries no digest, so it was not put there by a store.
        """
        ...

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        """Open an object for reading; close it, best with ``with``.

        The whole object comes from one version, even when it is replaced or deleted meanwhile.

        Args:
            start: First byte; at or after the end there is nothing to read.
            length: Most bytes to read, from 1; None: up to the end.
        Raises:
            NotFoundError: There is no such object.
        """
        ...

    def download(self, key: str, target: Path, *, expected: Fingerprint | None = None) -> StoredObject:
        """Copy an object into a file, replacing it; the file appears only when all of it was verified.

        Args:
            expected: What the bytes must be; None: what the store says they are.
        Raises:
            NotFoundError: There is no such object.
            DigestMismatchError: The bytes are different.
            StorageFullError: There is no room at the target.
        """
        ...

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        """Go through the objects under a prefix in the order of their keys, page by page."""
        ...

    def delete(self, key: str) -> None:
        """Make an object unreadable; no error when there is none. A versioned bucket keeps its old versions."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Erase everything under a prefix: objects, old versions, delete markers, unfinished uploads.

        Idempotent. Stop the writers first: what they finish afterwards is there again.

        Returns:
            How many bodies were erased: objects, old versions and unfinished uploads.
        """
        ...

    def presign_get(
        self, key: str, *, lifetime: timedelta, filename: str | None = None
    ) -> HttpDownload | LocalDownload:
        """Give leave to read one object without knowing any credential.

        Args:
            lifetime: From 1 second to 7 days, the limit of AWS Signature Version 4.
            filename: Name that a browser saves it under; None: it may show it in place.
        """
        ...

    def presign_put(
        self, key: str, *, media_type: str, fingerprint: Fingerprint, lifetime: timedelta
    ) -> HttpUpload | LocalUpload:
        """Give leave to store exactly these bytes under one key; `deliver` uses it.

        A body of another length or digest is refused by the store itself, and nothing is stored.
        """
        ...
