"""All rules of a farm at rest, asked in one go."""

from __future__ import annotations

from collections.abc import Iterator
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


class FarmChecker:
    """Compares the database, the broker and the stored objects of a farm with each other.

    Args:
        database_url: Of an administrator, who may read all schemas.
        bus_url: Of an administrator, who may read all queues; dead letters are read and put back.
        objects: The farm's bucket.
    """

    def __init__(self, *, database_url: str, bus_url: str, objects: ObjectStore) -> None:
        self._orchestrator = open_database(database_url, schema="orchestrator")
        self._content = open_database(database_url, schema="content")
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
        self._orchestrator.close()
        self._content.close()

    def violations(self, *, since: datetime | None = None) -> list[str]:
        """What is wrong, in words; nothing when the farm is at rest and sound.

        Args:
            since: See `object_violations`.
        """
        return [*self.record_violations(), *self.object_violations(since=since)]

    def record_violations(self) -> list[str]:
        """What is wrong in tables and queues; quickly told."""
        return list(self._record_violations())

    def object_violations(self, *, since: datetime | None = None) -> list[str]:
        """What is wrong with the stored objects; reads every one of them.

        Args:
            since: Look only at those of jobs submitted from then on; None: all, which takes time in a farm with
                a past.
        """
        return object_violations(self._orchestrator, self._content, self._objects, since=since)

    def _record_violations(self) -> Iterator[str]:
        for database in (self._orchestrator, self._content):
            with database.reading() as connection:
                yield from outbox_violations(connection, database.schema)
        with self._content.reading() as connection:
            yield from ledger_violations(connection)
        with self._orchestrator.reading() as connection:
            yield from job_violations(connection)
            yield from task_violations(connection)
            yield from execution_violations(connection)
            yield from share_violations(connection)
        with BrokerLook(self._bus_url) as broker:
            yield from queue_violations(broker.depths())
            yield from dead_letter_violations(broker.dead_letters(), self._orchestrator, self._content)
