"""What the use cases need from outside: the store, stored objects, and the door for outside media."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from services.content.domain.ledger import LedgerEntry, ProviderRequest
from services.content.domain.revision import Revision
from shared.contracts.media import AcceptMedia, DownloadPermission, OfferMedia, UploadPermission
from shared.contracts.message import Value
from shared.contracts.projects import ProjectDraft, ProjectSummary
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline


class Unit(Protocol):
    """What can be done inside one transaction of the store."""

    def add_project(self, account_id: str, project_id: str, title: str, idempotency_key: str | None) -> bool: ...
    def next_revision_number(self, account_id: str, project_id: str) -> int | None: ...
    def add_revision(
        self,
        account_id: str,
        outline: RevisionOutline,
        draft: ProjectDraft,
        *,
        number: int,
        written_from: str | None = None,
    ) -> bool: ...
    def revision(self, account_id: str, project_id: str, revision_id: str | None) -> Revision | None: ...
    def first_revision_by_key(self, account_id: str, idempotency_key: str) -> Revision | None: ...
    def revision_written_from(self, account_id: str, revision_id: str) -> Revision | None: ...
    def projects(self, account_id: str) -> tuple[ProjectSummary, ...]: ...
    def delete_project(self, account_id: str, project_id: str) -> bool: ...
    def ledger_entry(self, account_id: str, digest: str) -> LedgerEntry | None: ...
    def reserve(
        self, account_id: str, request: ProviderRequest, execution_id: str, lease_until: datetime
    ) -> None: ...
    def release(self, account_id: str, digest: str, execution_id: str) -> None: ...
    def release_all(self) -> int: ...
    def record_stored(self, account_id: str, digest: str, result: Mapping[str, Any]) -> None: ...
    def add_asset(self, account_id: str, asset: AssetReference, origin: str) -> None: ...
    def recorded_assets(self, account_id: str, sha256s: Collection[str]) -> frozenset[AssetReference]: ...
    def remember_cancelled(self, job_id: str) -> None: ...
    def is_cancelled(self, job_id: str) -> bool: ...


class Store(Protocol):
    """Content's state."""

    def transaction(self) -> AbstractContextManager[Unit]: ...
    def reading(self) -> AbstractContextManager[Unit]: ...


class Objects(Protocol):
    """Stored objects of an account."""

    def put_value(self, account_id: str, value: Value | Sequence[Value]) -> AssetReference: ...
    def exists(self, asset: AssetReference) -> bool: ...


class Intake(Protocol):
    """The door for outside media: probes, normalises and stores.

    Raises ``BadMediaError`` naming the file, the reason and the remedy.
    """

    def take_image(self, account_id: str, path: Path, name: str) -> ImageReference: ...
    def take_audio(self, account_id: str, path: Path, name: str) -> AudioReference: ...


class Transfers(Protocol):
    """Files on their way between a client elsewhere and the object store, past the bus."""

    def permit_upload(self, account_id: str, offer: OfferMedia) -> UploadPermission: ...

    def fetched(self, account_id: str, upload: AcceptMedia) -> AbstractContextManager[Path]:
        """The uploaded bytes as a file, for as long as the context lasts.

        Raises ``NotFoundError`` when they are not there; others are discarded, with an ``InvalidInputError``.
        """
        ...

    def discard(self, account_id: str, sha256: str) -> None: ...

    def permit_download(self, account_id: str, asset: AssetReference) -> DownloadPermission:
        """Raises ``NotFoundError`` when this account has not stored exactly this object."""
        ...
