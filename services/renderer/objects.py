"""The renderer's adapter to stored objects."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from services.renderer.domain import media_type_of
from shared.contracts.message import Value
from shared.contracts.references import AssetReference
from shared.errors import NotFoundError
from shared.ids import AccountId, JobId
from shared.storage import (
    Fingerprint,
    ObjectStore,
    audio_key,
    fingerprint_of,
    render_key,
    segment_key,
)
from shared.storage.values import get_value

V = TypeVar("V", bound=Value)

VIDEO_TYPE = "video/mp4"


class StoredObjects:
    """Reads assets and keeps renders."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, reference: AssetReference, model: type[V]) -> V:
        return get_value(self._store, reference, model)

    def fetch(self, reference: AssetReference, target: Path) -> None:
        """Copy an object into a file, verified."""
        expected = Fingerprint(sha256=reference.sha256, size_bytes=reference.size_bytes)
        self._store.download(reference.key, target, expected=expected)

    def stored_segment(self, account_id: str, digest: str) -> AssetReference | None:
        return self._find(segment_key(AccountId(account_id), digest))

    def keep_segment(self, account_id: str, digest: str, path: Path) -> AssetReference:
        return self._keep_first(segment_key(AccountId(account_id), digest), path, VIDEO_TYPE)

    def stored_audio(self, account_id: str, digest: str, name: str) -> AssetReference | None:
        return self._find(_audio_key(account_id, digest, name))

    def keep_audio(self, account_id: str, digest: str, path: Path) -> AssetReference:
        return self._keep_first(_audio_key(account_id, digest, path.name), path, media_type_of(path.name))

    def keep_render(
        self, account_id: str, job_id: str, execution_id: str, path: Path, media_type: str
    ) -> AssetReference:
        """Store one file of a finished job, apart from those of any other execution of its assembly."""
        key = render_key(AccountId(account_id), JobId(job_id), f"{execution_id}.{path.name}")
        stored = self._store.put(key, path, media_type=media_type, expected=fingerprint_of(path))
        return _reference(key, stored, media_type)

    def _find(self, key: str) -> AssetReference | None:
        try:
            found = self._store.head(key)
        except NotFoundError:
            return None
        return _reference(key, found.fingerprint, found.media_type)

    def _keep_first(self, key: str, path: Path, media_type: str) -> AssetReference:
        """Store unless another was faster; answers what is stored."""
        result = self._store.put_if_absent(key, path, media_type=media_type, expected=fingerprint_of(path))
        return _reference(key, result.fingerprint, media_type)


def _reference(key: str, fingerprint: Fingerprint, media_type: str) -> AssetReference:
    return AssetReference(
        key=key, sha256=fingerprint.sha256, size_bytes=fingerprint.size_bytes, media_type=media_type
    )


def _audio_key(account_id: str, digest: str, name: str) -> str:
    return audio_key(AccountId(account_id), digest, name.rsplit(".", 1)[-1])
