"""Objects in an S3 bucket, through boto3.

Written for what Amazon S3 and Ceph's radosgw 16 both do. The SHA-256 travels as user metadata, because radosgw
keeps no checksum of its own. Request bodies are signed, so the store itself refuses bytes that changed on the
way. Importing this module loads boto3; `shared.storage.open_store` does so only for a bucket.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import ConfigurationError, NotFoundError, StorageUnavailableError
from shared.storage.bodies import Fingerprint, ObjectBody, Source, save
from shared.storage.checks import validate_media_type, validate_range
from shared.storage.errors import DigestMismatchError
from shared.storage.keys import validate_erasable_prefix, validate_key, validate_prefix
from shared.storage.port import (
    HttpDownload,
    HttpUpload,
    ListedObject,
    PutResult,
    S3Location,
    StoredObject,
)
from shared.storage.s3_erase import erase
from shared.storage.s3_errors import is_past_the_end, s3_errors
from shared.storage.s3_presign import presigned_get, presigned_put
from shared.storage.s3_upload import SHA256_METADATA, Upload, prepared, send, send_if_absent

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        GetObjectOutputTypeDef,
        GetObjectRequestTypeDef,
        HeadObjectOutputTypeDef,
        ListObjectsV2OutputTypeDef,
    )

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 30
ATTEMPTS = 3
CONNECTIONS = 32
LOST_RACES = 5
"""How often a key may be taken and freed again before a conditional put gives up."""


class S3Store:
    """The S3 adapter of `shared.storage.ObjectStore`; one client, shared by all threads.

    Raises:
        ConfigurationError: The location cannot be one.
    """

    def __init__(self, location: S3Location) -> None:
        self._location = location
        self._bucket = location.bucket
        self._client = _client(location)

    def put(
        self, key: str, source: Source, *, media_type: str, expected: Fingerprint | None = None
    ) -> Fingerprint:
        with s3_errors(f"storing {key}"), self._prepared(key, source, media_type, expected) as upload:
            send(self._client, upload)
            return upload.fingerprint

    def put_if_absent(
        self, key: str, source: Source, *, media_type: str, expected: Fingerprint | None = None
    ) -> PutResult:
        with s3_errors(f"storing {key}"), self._prepared(key, source, media_type, expected) as upload:
            for _ in range(LOST_RACES):
                if send_if_absent(self._client, upload):
                    return PutResult(created=True, fingerprint=upload.fingerprint)
                if winner := self._existing(key):
                    return PutResult(created=False, fingerprint=winner.fingerprint)
        raise StorageUnavailableError(f"storing {key}: the key was taken and freed again and again")

    def head(self, key: str) -> StoredObject:
        with s3_errors(f"looking up {validate_key(key)}"):
            return _stored(key, self._client.head_object(Bucket=self._bucket, Key=key))

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> ObjectBody:
        validate_range(start, length)
        with s3_errors(f"opening {validate_key(key)}"):
            try:
                answer = self._client.get_object(**self._request(key, start, length))
            except ClientError as error:
                if not is_past_the_end(error):
                    raise
                return ObjectBody(io.BytesIO(), 0, nullcontext)
        return _body(key, answer)

    def download(self, key: str, target: Path, *, expected: Fingerprint | None = None) -> StoredObject:
        with s3_errors(f"opening {validate_key(key)}"):
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        with _body(key, answer) as body:
            stored = _stored(key, answer)
            save(body, target, expected or stored.fingerprint, key)
        return stored

    def list_objects(self, prefix: str) -> Iterator[ListedObject]:
        return self._listed(validate_prefix(prefix))

    def delete(self, key: str) -> None:
        with s3_errors(f"deleting {validate_key(key)}"):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def delete_prefix(self, prefix: str) -> int:
        with s3_errors(f"erasing {validate_erasable_prefix(prefix)}"):
            return erase(self._client, self._bucket, prefix)

    def presign_get(self, key: str, *, lifetime: timedelta, filename: str | None = None) -> HttpDownload:
        return presigned_get(self._client, self._location, validate_key(key), lifetime, filename)

    def presign_put(
        self, key: str, *, media_type: str, fingerprint: Fingerprint, lifetime: timedelta
    ) -> HttpUpload:
        validate_media_type(media_type)
        return presigned_put(self._client, self._location, validate_key(key), media_type, fingerprint, lifetime)

    def _request(self, key: str, start: int, length: int | None) -> GetObjectRequestTypeDef:
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": key}
        if start or length is not None:
            last = "" if length is None else start + length - 1
            request["Range"] = f"bytes={start}-{last}"
        return request

    def _prepared(
        self, key: str, source: Source, media_type: str, expected: Fingerprint | None
    ) -> AbstractContextManager[Upload]:
        return prepared(
            source,
            expected,
            bucket=self._bucket,
            key=validate_key(key),
            media_type=validate_media_type(media_type),
        )

    def _existing(self, key: str) -> StoredObject | None:
        try:
            return self.head(key)
        except NotFoundError:
            return None

    def _listed(self, prefix: str) -> Iterator[ListedObject]:
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix))
        while page := self._next_page(pages, prefix):
            for entry in page.get("Contents", ()):
                yield ListedObject(
                    key=entry["Key"],
                    size_bytes=entry["Size"],
                    modified=_to_second(entry["LastModified"]),
                )

    def _next_page(
        self, pages: Iterator[ListObjectsV2OutputTypeDef], prefix: str
    ) -> ListObjectsV2OutputTypeDef | None:
        with s3_errors(f"listing {prefix}"):
            return next(pages, None)


def _client(location: S3Location) -> S3Client:
    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        max_pool_connections=CONNECTIONS,
        s3={"addressing_style": "path", "payload_signing_enabled": True},
        # radosgw 16 knows no trailing checksums; the signed payload hash does their work.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session(
        aws_access_key_id=location.access_key.get_secret_value(),
        aws_secret_access_key=location.secret_key.get_secret_value(),
        region_name=location.region,
    )
    try:
        return session.client("s3", endpoint_url=location.endpoint, config=config)
    except (ValueError, BotoCoreError) as error:
        raise ConfigurationError(
            f"no object store can be at {location.endpoint}; write it as https://host:port"
        ) from error


def _body(key: str, answer: GetObjectOutputTypeDef) -> ObjectBody:
    return ObjectBody(answer["Body"], answer["ContentLength"], lambda: s3_errors(f"reading {key}"))


def _stored(key: str, answer: GetObjectOutputTypeDef | HeadObjectOutputTypeDef) -> StoredObject:
    sha256 = answer["Metadata"].get(SHA256_METADATA)
    if sha256 is None:
        raise DigestMismatchError(f"{key} was not put there by a store; move the object away")
    return StoredObject(
        key=key,
        fingerprint=Fingerprint(sha256=sha256, size_bytes=answer["ContentLength"]),
        media_type=answer["ContentType"],
        modified=_to_second(answer["LastModified"]),
    )


def _to_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
