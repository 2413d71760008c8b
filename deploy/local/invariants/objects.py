"""Every stored object that a result names has the bytes that the result says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, true

from services.content.tables import ASSETS, LEDGER
from services.orchestrator.tables import JOBS, TASKS
from shared.db import Database
from shared.errors import NotFoundError
from shared.storage import DigestMismatchError, ObjectStore

_BLOCK_BYTES = 1 << 20
_READERS = 8
_REFERENCE = {"key", "sha256", "size_bytes"}


@dataclass(frozen=True, kw_only=True)
class Named:
    """An object as something names it."""

    key: str
    sha256: str
    size_bytes: int


def object_violations(
    orchestrator: Database, content: Database, objects: ObjectStore, *, since: datetime | None = None
) -> list[str]:
    """Objects that are missing or have other bytes than a task, a job, the ledger or the list of assets says.

    Args:
        since: Leave out what is older.
    """
    named: dict[Named, str] = {}
    with orchestrator.reading() as connection:
        for reference, by in _named_by_jobs(connection, since):
            named.setdefault(reference, by)
    with content.reading() as connection:
        for reference, by in _named_by_content(connection, since):
            named.setdefault(reference, by)
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(lambda item: list(_trouble(objects, *item)), named.items())
        return [trouble for troubles in found for trouble in troubles]


def references_in(value: Any) -> Iterator[Named]:
    """All references to stored objects somewhere inside a JSON value."""
    if isinstance(value, dict):
        if value.keys() >= _REFERENCE:
            yield Named(key=value["key"], sha256=value["sha256"], size_bytes=value["size_bytes"])
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references_in(part)


def _named_by_jobs(connection: Connection, since: datetime | None) -> Iterator[tuple[Named, str]]:
    tasks = select(TASKS.c.job_id, TASKS.c.key, TASKS.c.arguments, TASKS.c.result)
    for row in connection.execute(tasks.where(_not_before(TASKS.c.created_at, since))):
        for reference in references_in([row.arguments, row.result]):
            yield reference, f"{row.key} of job {row.job_id}"
    jobs = select(JOBS.c.job_id, JOBS.c.files).where(_not_before(JOBS.c.created_at, since))
    for job in connection.execute(jobs):
        for reference in references_in(job.files):
            yield reference, f"job {job.job_id}"


def _named_by_content(connection: Connection, since: datetime | None) -> Iterator[tuple[Named, str]]:
    ledger = select(LEDGER.c.account_id, LEDGER.c.digest, LEDGER.c.result)
    for row in connection.execute(ledger.where(_not_before(LEDGER.c.created_at, since))):
        for reference in references_in(row.result):
            yield reference, f"entry {row.digest[:12]} in the ledger of {row.account_id}"
    for asset in connection.execute(select(ASSETS).where(_not_before(ASSETS.c.created_at, since))):
        named = Named(key=asset.key, sha256=asset.sha256, size_bytes=asset.size_bytes)
        yield named, f"the assets of {asset.account_id}"


def _not_before(column: ColumnElement[datetime], since: datetime | None) -> ColumnElement[bool]:
    return true() if since is None else column >= since


def _trouble(objects: ObjectStore, named: Named, by: str) -> Iterator[str]:
    try:
        digest, size = _digest(objects, named.key)
    except NotFoundError:
        yield f"{named.key} is not stored, {by} needs it"
        return
    except DigestMismatchError as error:
        yield f"{error.message}; {by} needs it"
        return
    if (digest, size) != (named.sha256, named.size_bytes):
        yield (
            f"{named.key} has {size} bytes with SHA-256 {digest[:12]}…, {by} says {named.size_bytes} with"
            f" {named.sha256[:12]}…"
        )


def _digest(objects: ObjectStore, key: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with objects.open(key) as body:
        while block := body.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
