"""Reads and writes content's tables; every query is scoped to an account."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from services.content.domain.ledger import LedgerEntry, LedgerState, ProviderRequest
from services.content.domain.revision import Revision
from services.content.tables import ASSETS, CANCELLED_JOBS, CLOSED_ACCOUNTS, LEDGER, PROJECTS, REVISIONS
from shared.clock import Clock
from shared.contracts.projects import ProjectDraft, ProjectSummary
from shared.contracts.references import AssetReference
from shared.contracts.revisions import RevisionOutline
from shared.db import Database, insert_if_absent
from shared.ids import new_id


class ContentStore:
    """Content's state."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def transaction(self) -> Iterator[ContentUnit]:
        """One atomic change."""
        with self._database.transaction() as connection:
            yield ContentUnit(connection, self._clock, locks=True)

    @contextmanager
    def reading(self) -> Iterator[ContentUnit]:
        """A consistent look that changes nothing."""
        with self._database.reading() as connection:
            yield ContentUnit(connection, self._clock, locks=False)


class ContentUnit:
    """What can be done inside one transaction.

    Args:
        locks: Whether rows that are read here are kept from others until the end; only where writing is possible.
    """

    def __init__(self, connection: Connection, clock: Clock, *, locks: bool) -> None:
        self._connection = connection
        self._clock = clock
        self._locks = locks

    # Projects and revisions

    def add_project(self, account_id: str, project_id: str, title: str, idempotency_key: str | None) -> bool:
        """Keep a new project, its first revision follows in the same transaction; False if the key is taken."""
        now = self._clock.now()
        return insert_if_absent(
            self._connection,
            PROJECTS,
            project_id=project_id,
            account_id=account_id,
            title=title,
            revisions=0,
            newest_revision_id="",
            created_at=now,
            revised_at=now,
            idempotency_key=idempotency_key,
        )

    def next_revision_number(self, account_id: str, project_id: str) -> int | None:
        """Number of the project's next revision, with the project locked; none if there is no such project."""
        query = select(PROJECTS.c.revisions).where(_project(account_id, project_id)).with_for_update()
        revisions = self._connection.scalar(query)
        return None if revisions is None else revisions + 1

    def add_revision(
        self,
        account_id: str,
        outline: RevisionOutline,
        draft: ProjectDraft,
        *,
        number: int,
        written_from: str | None = None,
    ) -> bool:
        """Keep a revision and make it the newest; False if that script was written before."""
        now = self._clock.now()
        added = insert_if_absent(
            self._connection,
            REVISIONS,
            revision_id=outline.revision_id,
            project_id=outline.project_id,
            account_id=account_id,
            number=number,
            draft=draft.model_dump(mode="json"),
            outline=outline.model_dump(mode="json"),
            written_from=written_from,
            created_at=now,
        )
        if added:
            self._connection.execute(
                update(PROJECTS)
                .where(_project(account_id, outline.project_id))
                .values(
                    title=draft.title,
                    revisions=number,
                    newest_revision_id=outline.revision_id,
                    revised_at=now,
                )
            )
        return added

    def revision(self, account_id: str, project_id: str, revision_id: str | None) -> Revision | None:
        """A revision of a project, the newest by default."""
        query = (
            select(REVISIONS, PROJECTS.c.created_at.label("project_created_at"))
            .join(PROJECTS, PROJECTS.c.project_id == REVISIONS.c.project_id)
            .where(_project(account_id, project_id))
            .where(REVISIONS.c.revision_id == (revision_id or PROJECTS.c.newest_revision_id))
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return _revision(row) if row else None

    def first_revision_by_key(self, account_id: str, idempotency_key: str) -> Revision | None:
        """What the project that was created with this key began with."""
        query = (
            select(REVISIONS, PROJECTS.c.created_at.label("project_created_at"))
            .join(PROJECTS, PROJECTS.c.project_id == REVISIONS.c.project_id)
            .where(PROJECTS.c.account_id == account_id, PROJECTS.c.idempotency_key == idempotency_key)
            .where(REVISIONS.c.number == 1)
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return _revision(row) if row else None

    def revision_written_from(self, account_id: str, revision_id: str) -> Revision | None:
        """The revision whose script was written from a brief, if it was."""
        query = (
            select(REVISIONS, PROJECTS.c.created_at.label("project_created_at"))
            .join(PROJECTS, PROJECTS.c.project_id == REVISIONS.c.project_id)
            .where(REVISIONS.c.account_id == account_id, REVISIONS.c.written_from == revision_id)
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return _revision(row) if row else None

    def projects(self, account_id: str) -> tuple[ProjectSummary, ...]:
        """The account's projects, the newest change first."""
        query = (
            select(PROJECTS)
            .where(PROJECTS.c.account_id == account_id)
            .order_by(PROJECTS.c.revised_at.desc(), PROJECTS.c.project_id.desc())
        )
        return tuple(
            ProjectSummary(
                project_id=row["project_id"],
                title=row["title"],
                revisions=row["revisions"],
                revised_at=row["revised_at"],
            )
            for row in self._connection.execute(query).mappings()
        )

    def delete_project(self, account_id: str, project_id: str) -> bool:
        """Delete a project with its revisions; False if there is none."""
        found = self._connection.execute(delete(PROJECTS).where(_project(account_id, project_id))).rowcount
        if found:
            self._connection.execute(delete(REVISIONS).where(REVISIONS.c.project_id == project_id))
        return bool(found)

    # Ledger and assets

    def ledger_entry(self, account_id: str, digest: str) -> LedgerEntry | None:
        query = select(LEDGER).where(_entry(account_id, digest))
        if self._locks:
            query = query.with_for_update()
        row = self._connection.execute(query).mappings().one_or_none()
        return _ledger_entry(row) if row else None

    def reserve(self, account_id: str, request: ProviderRequest, execution_id: str, lease_until: datetime) -> None:
        """Write the entry before anything is asked of the provider, or take over one whose maker is gone."""
        values = {"state": LedgerState.RESERVED.value, "execution_id": execution_id, "lease_until": lease_until}
        added = insert_if_absent(
            self._connection,
            LEDGER,
            account_id=account_id,
            digest=request.digest,
            kind=request.kind,
            provider=request.provider,
            created_at=self._clock.now(),
            **values,
        )
        if not added:
            self._connection.execute(
                update(LEDGER).where(_entry(account_id, request.digest)).values(**values, result=None)
            )

    def renew_reservation(self, account_id: str, digest: str, execution_id: str, until: datetime) -> None:
        """Hold a reservation for longer; one that another has taken over is left alone."""
        self._connection.execute(
            update(LEDGER)
            .where(_entry(account_id, digest), LEDGER.c.execution_id == execution_id)
            .where(LEDGER.c.state == LedgerState.RESERVED.value)
            .values(lease_until=until)
        )

    def release(self, account_id: str, digest: str, execution_id: str) -> None:
        """Give a reservation up, so that the next attempt need not wait for its lease."""
        self._connection.execute(
            update(LEDGER)
            .where(_entry(account_id, digest), LEDGER.c.execution_id == execution_id)
            .where(LEDGER.c.state == LedgerState.RESERVED.value)
            .values(lease_until=self._clock.now())
        )

    def release_all(self) -> int:
        """Give every reservation up: all who held one are gone. Returns how many there were."""
        now = self._clock.now()
        held = (LEDGER.c.state == LedgerState.RESERVED.value) & (LEDGER.c.lease_until > now)
        return self._connection.execute(update(LEDGER).where(held).values(lease_until=now)).rowcount

    def record_stored(self, account_id: str, digest: str, result: Mapping[str, Any]) -> None:
        """The asset is stored: from now on this request is answered from here."""
        self._connection.execute(
            update(LEDGER)
            .where(_entry(account_id, digest))
            .values(state=LedgerState.STORED.value, result=dict(result))
        )

    def remember(self, account_id: str, request: ProviderRequest, result: Mapping[str, Any]) -> None:
        """Record what was made without a reservation, because making it twice costs nothing but time."""
        self.reserve(account_id, request, new_id(), self._clock.now())
        self.record_stored(account_id, request.digest, result)

    def add_asset(self, account_id: str, asset: AssetReference, origin: str) -> None:
        """Remember a stored object; the same bytes again change nothing.

        Args:
            origin: Who made it: a provider's name, or ``author``.
        """
        insert_if_absent(
            self._connection,
            ASSETS,
            account_id=account_id,
            sha256=asset.sha256,
            key=asset.key,
            size_bytes=asset.size_bytes,
            media_type=asset.media_type,
            origin=origin,
            created_at=self._clock.now(),
        )

    def recorded_assets(self, account_id: str, sha256s: Collection[str]) -> frozenset[AssetReference]:
        """Those of the account's stored objects that have one of these digests."""
        query = select(ASSETS).where(ASSETS.c.account_id == account_id, ASSETS.c.sha256.in_(sha256s))
        return frozenset(
            AssetReference(
                key=row["key"],
                sha256=row["sha256"],
                size_bytes=row["size_bytes"],
                media_type=row["media_type"],
            )
            for row in self._connection.execute(query).mappings()
        )

    # Accounts in whose name nothing is made

    def note_account(self, account_id: str, reason: str, *, closed: bool, as_of: datetime) -> None:
        """Close an account for one reason, or open it; what is older than what is known changes nothing."""
        said = {"closed": closed, "as_of": as_of}
        if insert_if_absent(self._connection, CLOSED_ACCOUNTS, account_id=account_id, reason=reason, **said):
            return
        self._connection.execute(
            update(CLOSED_ACCOUNTS)
            .where(CLOSED_ACCOUNTS.c.account_id == account_id, CLOSED_ACCOUNTS.c.reason == reason)
            .where(CLOSED_ACCOUNTS.c.as_of < as_of)
            .values(said)
        )

    def closed_because(self, account_id: str) -> str | None:
        """Why nothing may be made in the account's name; None: something may."""
        query = (
            select(CLOSED_ACCOUNTS.c.reason)
            .where(CLOSED_ACCOUNTS.c.account_id == account_id, CLOSED_ACCOUNTS.c.closed.is_(True))
            .order_by(CLOSED_ACCOUNTS.c.reason)
            .limit(1)
        )
        reason: str | None = self._connection.scalar(query)
        return reason

    # Cancelled jobs

    def remember_cancelled(self, job_id: str) -> None:
        """A late command of this job must not be performed."""
        insert_if_absent(self._connection, CANCELLED_JOBS, job_id=job_id, cancelled_at=self._clock.now())

    def is_cancelled(self, job_id: str) -> bool:
        query = select(CANCELLED_JOBS.c.job_id).where(CANCELLED_JOBS.c.job_id == job_id)
        return self._connection.scalar(query) is not None


def _project(account_id: str, project_id: str) -> Any:
    return (PROJECTS.c.project_id == project_id) & (PROJECTS.c.account_id == account_id)


def _entry(account_id: str, digest: str) -> Any:
    return (LEDGER.c.account_id == account_id) & (LEDGER.c.digest == digest)


def _revision(row: RowMapping) -> Revision:
    return Revision(
        project_id=row["project_id"],
        revision_id=row["revision_id"],
        account_id=row["account_id"],
        number=row["number"],
        draft=ProjectDraft.model_validate(row["draft"]),
        outline=RevisionOutline.model_validate(row["outline"]),
        created_at=row["created_at"],
        project_created_at=row["project_created_at"],
    )


def _ledger_entry(row: RowMapping) -> LedgerEntry:
    return LedgerEntry(
        state=LedgerState(row["state"]),
        execution_id=row["execution_id"],
        lease_until=row["lease_until"],
        result=row["result"],
    )
