"""All rules of a farm at rest, asked in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from deploy.local.invariants.jobs import job_violations
from deploy.local.invariants.messages import BrokerLook, dead_letter_violations, queue_violations
from deploy.local.invariants.objects import object_violations
from deploy.local.invariants.services import ledger_violations, outbox_violations
from deploy.local.invariants.tasks import execution_violations, share_violations, task_violations
from shared.db import open_database
from shared.storage import ObjectStore

WITH_OUTBOX = ("orchestrator", "content")
"""Services that send through an outbox."""


class FarmChecker:
    """Compares the database, the broker and the stored objects of a farm with each other.

    Args:
        database_url: Of an administrator, who may read all schemas.
        bus_url: Of an administrator, who may read all queues; dead letters are read and put back.
        objects: The farm's bucket.
    """

    def __init__(self, *, database_url: str, bus_url: str, objects: ObjectStore) -> None:
        self._databases = {name: open_database(database_url, schema=name) for name in WITH_OUTBOX}
        self._bus_url = bus_url
        self._objects = objects

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the databases."""
        for database in self._databases.values():
            database.close()

    def violations(self, *, since: datetime | None = None) -> list[str]:
        """What is wrong, in words; nothing when the farm is at rest and sound.

        Args:
            since: Look only at the objects of jobs submitted from then on; None: read all of them, which takes
                time in a farm with a past. All other rules always look at everything.
        """
        return [*self._cheap_violations(), *self._object_violations(since)]

    def _cheap_violations(self) -> Iterable[str]:
        orchestrator, content = (self._databases[name] for name in WITH_OUTBOX)
        for service, database in self._databases.items():
            with database.reading() as connection:
                yield from outbox_violations(connection, service)
        with content.reading() as connection:
            yield from ledger_violations(connection)
        with orchestrator.reading() as connection:
            yield from job_violations(connection)
            yield from task_violations(connection)
            yield from execution_violations(connection)
            yield from share_violations(connection)
        with BrokerLook(self._bus_url) as broker:
            yield from queue_violations(broker.depths())
            yield from dead_letter_violations(broker.dead_letters(), orchestrator, content)

    def _object_violations(self, since: datetime | None) -> Sequence[str]:
        orchestrator, content = (self._databases[name] for name in WITH_OUTBOX)
        return object_violations(orchestrator, content, self._objects, since=since)
