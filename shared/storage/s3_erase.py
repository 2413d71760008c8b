"""Erasing a prefix of a bucket with everything that may still hold its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shared.errors import StorageUnavailableError
from shared.storage.s3_errors import is_gone_upload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef, ObjectIdentifierTypeDef


def erase(client: S3Client, bucket: str, prefix: str) -> int:
    """Remove unfinished uploads, then all versions and delete markers; returns how many bodies that were.

    Uploads go first: one that completes between the two steps is then found as an object.
    """
    return _abort_uploads(client, bucket, prefix) + _delete_versions(client, bucket, prefix)


def _abort_uploads(client: S3Client, bucket: str, prefix: str) -> int:
    aborted = 0
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    for upload in (upload for page in pages for upload in page.get("Uploads", ())):
        try:
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        except ClientError as error:
            if not is_gone_upload(error):
                raise
        else:
            aborted += 1
    return aborted


def _delete_versions(client: S3Client, bucket: str, prefix: str) -> int:
    bodies = 0
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        if identifiers := list(_identifiers(page)):
            _delete_batch(client, bucket, identifiers)
        bodies += len(page.get("Versions", ()))
    return bodies


def _identifiers(page: ListObjectVersionsOutputTypeDef) -> Iterator[ObjectIdentifierTypeDef]:
    for version in page.get("Versions", ()):
        yield {"Key": version["Key"], "VersionId": version["VersionId"]}
    for marker in page.get("DeleteMarkers", ()):
        yield {"Key": marker["Key"], "VersionId": marker["VersionId"]}


def _delete_batch(client: S3Client, bucket: str, identifiers: list[ObjectIdentifierTypeDef]) -> None:
    """Delete up to 1,000 versions, as many as a page has."""
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": identifiers, "Quiet": True})
    if errors := answer.get("Errors"):
        codes = ", ".join(sorted({str(error.get("Code")) for error in errors}))
        raise StorageUnavailableError(f"{len(errors)} objects could not be erased ({codes}); erase again")
