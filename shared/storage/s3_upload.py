"""Bringing bodies into a bucket: in one PUT, or in parts when they are large."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import InvalidInputError
from shared.storage.bodies import (
    FileSource,
    Fingerprint,
    Meter,
    Readable,
    Source,
    chunks,
    disk_errors,
    open_source,
    write,
)
from shared.storage.s3_errors import is_lost_race

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, PutObjectRequestTypeDef

PART_BYTES = 8 << 20
MULTIPART_ABOVE_BYTES = 2 * PART_BYTES
MOST_PARTS = 10_000
LARGEST_SINGLE_PUT_BYTES = 5 << 30
"""Both from "Amazon S3 multipart upload limits", Amazon S3 User Guide."""

SHA256_METADATA = "sha256"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A body with its place and its description."""

    bucket: str
    key: str
    media_type: str
    body: VerifiedFile
    fingerprint: Fingerprint

    @property
    def metadata(self) -> dict[str, str]:
        """User metadata of the object; readers get the digest from it."""
        return {SHA256_METADATA: self.fingerprint.sha256}

    def request(self) -> PutObjectRequestTypeDef:
        """Arguments of the PUT that stores all of it at once."""
        return {
            "Bucket": self.bucket,
            "Key": self.key,
            "Body": cast("IO[bytes]", self.body),  # boto3 calls read, seek and tell only
            "ContentType": self.media_type,
            "Metadata": self.metadata,
        }


class VerifiedFile:
    """A file that must give the promised bytes each time it is read to its end.

    boto3 reads a body twice, to sign and to send it, and again for a retry; the digest in the metadata was
    taken before. A file that changes in between is refused here instead of being stored under a wrong digest.
    """

    def __init__(self, file: BinaryIO, expected: Fingerprint, key: str) -> None:
        self._file = file
        self._expected = expected
        self._key = key
        self._meter = Meter()

    def read(self, size: int, /) -> bytes:
        """Read on; lets other green threads run, for neither disks nor hashing do."""
        with disk_errors(f"reading what becomes {self._key}"):
            chunk = self._file.read(size)
        self._meter.update(chunk)
        if not chunk:
            self._meter.verify(self._expected, self._key)
        time.sleep(0)
        return chunk

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move; at the start a new reading begins."""
        position = self._file.seek(offset, whence)
        if position == 0:
            self._meter = Meter()
        return position

    def tell(self) -> int:
        """Where the next read begins."""
        return self._file.tell()


@contextmanager
def prepared(
    source: Source, expected: Fingerprint | None, *, bucket: str, key: str, media_type: str
) -> Iterator[Upload]:
    """Open a source so that it can be read again and its fingerprint is known before the first byte is sent.

    A stream goes through a temporary file: S3 takes the digest with the first request, not with the last.
    """
    opening = _opened_file(source, expected) if isinstance(source, Path) else _spooled(source, expected, key)
    with opening as (file, fingerprint):
        yield Upload(
            bucket=bucket,
            key=key,
            media_type=media_type,
            body=VerifiedFile(file, fingerprint, key),
            fingerprint=fingerprint,
        )


@contextmanager
def _opened_file(path: Path, expected: Fingerprint | None) -> Iterator[tuple[BinaryIO, Fingerprint]]:
    with open_source(path) as file:
        yield file, expected or _measured(file)


def _measured(file: BinaryIO) -> Fingerprint:
    meter = Meter()
    for chunk in chunks(FileSource(file)):
        meter.update(chunk)
    file.seek(0)
    return meter.fingerprint


@contextmanager
def _spooled(source: Readable, expected: Fingerprint | None, key: str) -> Iterator[tuple[BinaryIO, Fingerprint]]:
    action = f"storing {key}"
    meter = Meter()
    with disk_errors(action):  # not around the reading: errors of the source are the caller's
        spool = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    with spool:
        for chunk in chunks(source):
            write(spool, chunk, action)
            meter.update(chunk)
        fingerprint = meter.verify(expected, key)
        spool.seek(0)
        yield spool, fingerprint


def send(client: S3Client, upload: Upload) -> None:
    """Store a body, in parts when it is large."""
    if upload.fingerprint.size_bytes > MULTIPART_ABOVE_BYTES:
        _send_parts(client, upload)
    else:
        client.put_object(**upload.request())


def send_if_absent(client: S3Client, upload: Upload) -> bool:
    """Store a body when its key is free, always in one PUT; False when the key is taken.

    radosgw 16 ignores If-None-Match when it completes a multipart upload, and heeds it on PUT.
    """
    if upload.fingerprint.size_bytes > LARGEST_SINGLE_PUT_BYTES:
        raise InvalidInputError(f"{upload.key}: a conditional put takes at most 5 GiB; use put")
    upload.body.seek(0)
    request = upload.request()
    request["IfNoneMatch"] = "*"
    try:
        client.put_object(**request)
    except ClientError as error:
        if is_lost_race(error):
            return False
        raise
    return True


def _send_parts(client: S3Client, upload: Upload) -> None:
    if upload.fingerprint.size_bytes > MOST_PARTS * PART_BYTES:
        raise InvalidInputError(f"{upload.key}: an object has at most {MOST_PARTS * PART_BYTES} bytes")
    upload_id = client.create_multipart_upload(
        Bucket=upload.bucket, Key=upload.key, ContentType=upload.media_type, Metadata=upload.metadata
    )["UploadId"]
    try:
        parts = list(_sent_parts(client, upload, upload_id))
        client.complete_multipart_upload(
            Bucket=upload.bucket, Key=upload.key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )
    except BaseException:
        # The first error is the one to tell; what cannot be aborted now is erased with its prefix.
        with suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(Bucket=upload.bucket, Key=upload.key, UploadId=upload_id)
        raise


def _sent_parts(client: S3Client, upload: Upload, upload_id: str) -> Iterator[CompletedPartTypeDef]:
    number = 0
    while part := upload.body.read(PART_BYTES):
        number += 1
        etag = client.upload_part(
            Bucket=upload.bucket, Key=upload.key, UploadId=upload_id, PartNumber=number, Body=part
        )["ETag"]
        yield {"ETag": etag, "PartNumber": number}
