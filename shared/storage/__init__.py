"""Stored objects: one port, `ObjectStore`, over a folder or an S3 bucket.

    store = open_store(FolderLocation(path=...))
    fingerprint = store.put(asset_key(account, sha256), path, media_type="image/png")

boto3 is loaded only when a bucket is opened.
"""

from __future__ import annotations

from shared.storage.bodies import Fingerprint, ObjectBody, Readable, Source, fingerprint_of
from shared.storage.delivery import deliver
from shared.storage.errors import DigestMismatchError, StorageFullError
from shared.storage.folder import FolderStore
from shared.storage.keys import (
    account_prefix,
    asset_key,
    audio_key,
    render_key,
    render_prefix,
    segment_key,
    segment_spec_key,
    timeline_key,
    upload_key,
    validate_key,
)
from shared.storage.port import (
    FolderLocation,
    HttpDownload,
    HttpUpload,
    ListedObject,
    LocalDownload,
    LocalUpload,
    ObjectStore,
    PutResult,
    S3Location,
    StoredObject,
)

__all__ = [
    "DigestMismatchError",
    "Fingerprint",
    "FolderLocation",
    "HttpDownload",
    "HttpUpload",
    "ListedObject",
    "LocalDownload",
    "LocalUpload",
    "ObjectBody",
    "ObjectStore",
    "PutResult",
    "Readable",
    "S3Location",
    "Source",
    "StorageFullError",
    "StoredObject",
    "account_prefix",
    "asset_key",
    "audio_key",
    "deliver",
    "fingerprint_of",
    "open_store",
    "render_key",
    "render_prefix",
    "segment_key",
    "segment_spec_key",
    "timeline_key",
    "upload_key",
    "validate_key",
]


def open_store(location: FolderLocation | S3Location) -> ObjectStore:
    """Open the store at a location; a folder is made when it is missing, a bucket must exist.

    Raises:
        ConfigurationError: The location cannot be one.
    """
    if isinstance(location, FolderLocation):
        return FolderStore(location.path)
    from shared.storage.s3 import S3Store

    return S3Store(location)
