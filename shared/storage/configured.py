"""The object store that the settings name."""

from __future__ import annotations

from shared.config import Settings
from shared.storage import FolderLocation, ObjectStore, S3Location, open_store


def open_configured_store(settings: Settings) -> ObjectStore:
    """Open the bucket of the settings, or without one the folder ``storage`` in the data folder."""
    if settings.s3_bucket is None or settings.s3_access_key is None or settings.s3_secret_key is None:
        return open_store(FolderLocation(path=settings.data_dir / "storage"))
    return open_store(
        S3Location(
            bucket=settings.s3_bucket,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            region=settings.s3_region,
            endpoint=settings.s3_endpoint,
        )
    )
