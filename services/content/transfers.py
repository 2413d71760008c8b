"""Content's adapter to uploads and downloads that go past the bus: presigned permissions of the bucket."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from shared.contracts.media import AcceptMedia, DownloadPermission, OfferMedia, UploadPermission
from shared.contracts.references import AssetReference
from shared.errors import ConfigurationError, InvalidInputError, NotFoundError
from shared.ids import AccountId
from shared.storage import (
    DigestMismatchError,
    Fingerprint,
    HttpDownload,
    HttpUpload,
    ObjectStore,
    account_prefix,
    upload_key,
)

UPLOAD_LIFETIME = timedelta(hours=1)
"""A permission must only outlast the start of its PUT; a client that was away for longer offers again."""
DOWNLOAD_LIFETIME = timedelta(hours=1)
"""Whoever learns the URL can read the object until then."""

_RAW_TYPE = "application/octet-stream"  # what the author says it is counts for nothing
_NEEDS_A_BUCKET = (
    "this installation keeps its objects in a folder, which a client elsewhere cannot reach;"
    " set STUDIO_S3_BUCKET with its keys for content, or use the data folder on its machine"
)


class StoreTransfers:
    """Lets clients elsewhere PUT and GET without a credential of their own."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def permit_upload(self, account_id: str, offer: OfferMedia) -> UploadPermission:
        """Leave to PUT exactly the offered bytes.

        Raises:
            ConfigurationError: There is no bucket.
        """
        upload = self._store.presign_put(
            upload_key(AccountId(account_id), offer.sha256),
            media_type=_RAW_TYPE,
            fingerprint=Fingerprint(sha256=offer.sha256, size_bytes=offer.size_bytes),
            lifetime=UPLOAD_LIFETIME,
        )
        if not isinstance(upload, HttpUpload):
            raise ConfigurationError(_NEEDS_A_BUCKET)
        return UploadPermission(url=upload.url, headers=dict(upload.headers))

    @contextmanager
    def fetched(self, account_id: str, upload: AcceptMedia) -> Iterator[Path]:
        """The uploaded bytes as a file, for as long as the context lasts.

        Raises:
            NotFoundError: They are not there.
            InvalidInputError: They are not the announced ones; what is there instead is discarded.
        """
        with tempfile.TemporaryDirectory(prefix="studio-upload-") as folder:
            path = Path(folder) / "upload"
            self._download(account_id, upload, path)
            yield path

    def discard(self, account_id: str, sha256: str) -> None:
        """Delete an upload; no error when there is none."""
        self._store.delete(upload_key(AccountId(account_id), sha256))

    def permit_download(self, account_id: str, asset: AssetReference) -> DownloadPermission:
        """Leave to GET one object of the account.

        Raises:
            NotFoundError: Exactly this object is not stored there.
            ConfigurationError: There is no bucket.
        """
        if not self._is_stored(AccountId(account_id), asset):
            raise NotFoundError(
                f"there is no object {asset.key} with SHA-256 {asset.sha256}; ask for its job again"
            )
        download = self._store.presign_get(asset.key, lifetime=DOWNLOAD_LIFETIME)
        if not isinstance(download, HttpDownload):
            raise ConfigurationError(_NEEDS_A_BUCKET)
        return DownloadPermission(url=download.url)

    def _download(self, account_id: str, upload: AcceptMedia, target: Path) -> None:
        key = upload_key(AccountId(account_id), upload.sha256)
        expected = Fingerprint(sha256=upload.sha256, size_bytes=upload.size_bytes)
        try:
            self._store.download(key, target, expected=expected)
        except NotFoundError:
            raise NotFoundError(
                f"no upload with SHA-256 {upload.sha256} is there (one is deleted once it was accepted);"
                " offer the file and upload it, then have it accepted"
            ) from None
        except DigestMismatchError:
            self.discard(account_id, upload.sha256)
            raise InvalidInputError(
                f"what was uploaded is not {expected}; offer the file as it is now and upload it again"
            ) from None

    def _is_stored(self, account: AccountId, asset: AssetReference) -> bool:
        """Whether the account has exactly this object, and not as a raw upload."""
        prefix = account_prefix(account)
        if not asset.key.startswith(prefix) or asset.key.startswith(f"{prefix}uploads/"):
            return False
        try:
            found = self._store.head(asset.key).fingerprint
        except (NotFoundError, InvalidInputError, DigestMismatchError):
            return False
        return found == Fingerprint(sha256=asset.sha256, size_bytes=asset.size_bytes)
