"""What an S3 store or the way to it answers, as errors of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    SSLError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)

from shared.errors import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    StorageUnavailableError,
    StudiomaticError,
)
from shared.storage.errors import DigestMismatchError, StorageFullError

_MISSING = {"NoSuchKey", "NoSuchVersion", "404", "NotFound"}
_FULL = {"QuotaExceeded", "ServiceQuotaExceeded", "InsufficientStorage", "507"}
_BUSY = {"SlowDown", "RequestTimeout", "RequestTimeoutException", "Throttling", "TooManyRequests", "429"}
_MISMATCH = {"XAmzContentSHA256Mismatch", "BadDigest", "InvalidDigest"}
_LOST_RACE = {"PreconditionFailed", "412", "ConditionalRequestConflict", "409"}
_REMEDIES = {
    "NoSuchBucket": "make the bucket or set STUDIO_S3_BUCKET",
    "PermanentRedirect": "set STUDIO_S3_REGION to the region of the bucket",
    "AuthorizationHeaderMalformed": "set STUDIO_S3_REGION to the region of the bucket",
    "RequestTimeTooSkewed": "set the clock of this machine",
    "InvalidAccessKeyId": "check STUDIO_S3_ACCESS_KEY",
    "SignatureDoesNotMatch": "check STUDIO_S3_SECRET_KEY",
}


@contextmanager
def s3_errors(action: str) -> Iterator[None]:
    """Turn what boto3 raises into our errors; ``action`` begins the message, e.g. ``storing <key>``."""
    try:
        yield
    except ClientError as error:
        raise _from_answer(action, error) from error
    except SSLError as error:
        raise ConfigurationError(
            f"{action}: the store's certificate is not trusted; name its authority in AWS_CA_BUNDLE"
        ) from error
    except (NoConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise StorageUnavailableError(
            f"{action}: the object store does not answer ({type(error).__name__})"
        ) from error
    except BotoCoreError as error:
        raise ConfigurationError(f"{action}: {type(error).__name__}; check the STUDIO_S3_* settings") from error


def is_lost_race(error: ClientError) -> bool:
    """Whether a conditional put found the key taken, or being taken at this moment."""
    return _code(error) in _LOST_RACE


def is_past_the_end(error: ClientError) -> bool:
    """Whether a range begins at or after the end of the object."""
    return _code(error) in ("InvalidRange", "416")


def is_gone_upload(error: ClientError) -> bool:
    """Whether a multipart upload is no longer there, finished or aborted by someone else."""
    return _code(error) == "NoSuchUpload"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _from_answer(action: str, error: ClientError) -> StudiomaticError:
    code = _code(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return NotFoundError(f"{action}: there is no such object")
    if code == "NoSuchUpload":
        return ConflictError(f"{action}: it was erased while it was being stored")
    if code in _MISMATCH:
        return DigestMismatchError(f"{action}: the bytes changed on their way ({code}); store them again")
    if code in _FULL:
        return StorageFullError(f"{action}: {code}; free space or raise the quota, then resume")
    if code in _BUSY or (status >= 500 and code != "NotImplemented"):
        return StorageUnavailableError(f"{action}: the object store answered {code} ({status})")
    remedy = _REMEDIES.get(code, "check the rights of the access key and the STUDIO_S3_* settings")
    return ConfigurationError(f"{action}: the object store answered {code} ({status}); {remedy}")
