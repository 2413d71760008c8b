"""Permissions to read or store one object without a credential: presigned URLs (AWS Signature Version 4)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shared.storage.bodies import Fingerprint
from shared.storage.checks import validate_filename, validate_lifetime
from shared.storage.port import HttpDownload, HttpUpload, S3Location
from shared.storage.s3_upload import SHA256_METADATA

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def presigned_get(
    client: S3Client, location: S3Location, key: str, lifetime: timedelta, filename: str | None
) -> HttpDownload:
    """Sign a GET; the file name becomes part of the signature."""
    parameters = {"Bucket": location.bucket, "Key": key}
    if filename is not None:
        parameters["ResponseContentDisposition"] = _attachment(validate_filename(filename))
    url = client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=validate_lifetime(lifetime))
    return HttpDownload(url=url)


def _attachment(filename: str) -> str:
    """Content-Disposition (RFC 6266), with the exact name in UTF-8 (RFC 8187) and an ASCII stand-in."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def presigned_put(
    client: S3Client,
    location: S3Location,
    key: str,
    media_type: str,
    fingerprint: Fingerprint,
    lifetime: timedelta,
) -> HttpUpload:
    """Sign a PUT of exactly these bytes.

    ``boto3.generate_presigned_url`` leaves the payload unsigned, and radosgw 16 ignores ``x-amz-checksum-sha256``.
    So the payload hash is signed as in a request with an Authorization header: the store then compares the body
    with ``x-amz-content-sha256``. The checksum header goes along for stores that check that instead.
    """
    headers = {
        "content-length": str(fingerprint.size_bytes),
        "content-type": media_type,
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(fingerprint.sha256)).decode(),
        "x-amz-content-sha256": fingerprint.sha256,
        f"x-amz-meta-{SHA256_METADATA}": fingerprint.sha256,
    }
    url = f"{client.meta.endpoint_url}/{location.bucket}/{key}"
    request = AWSRequest(method="PUT", url=url, headers=dict(headers))
    credentials = Credentials(location.access_key.get_secret_value(), location.secret_key.get_secret_value())
    signer = S3SigV4QueryAuth(credentials, "s3", location.region, expires=validate_lifetime(lifetime))
    signer.add_auth(request)
    return HttpUpload(url=str(request.url), headers=headers)
