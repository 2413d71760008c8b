"""A farm at rest, written by hand: one succeeded job of two tasks in the tables, its files in a folder."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text

from services.content.tables import ASSETS, LEDGER
from services.orchestrator.tables import ATTEMPTS, INBOX, JOB_FACTS, JOBS, OUTBOX, POOL_SHARES, TASKS
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobQueued, JobStarted, JobSucceeded
from shared.db import Database, open_database
from shared.migrate import migrate
from shared.storage import FolderLocation, ObjectStore, open_store

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
JOB = "01a20e67-f96c-7495-a999-0000000000a1"
ACCOUNT = "acc"
PICTURE, VIDEO = b"a picture", b"a video"


@dataclass(frozen=True, kw_only=True)
class RestingFarm:
    """The databases and objects of a farm at rest."""

    orchestrator: Database
    content: Database
    objects: ObjectStore

    def change(self, service: str, statement: str, **values: Any) -> None:
        """Run one statement in the database of a service."""
        database = self.orchestrator if service == "orchestrator" else self.content
        with database.transaction() as connection:
            connection.execute(text(statement), values)

    def overwrite(self, key: str, body: bytes) -> None:
        """Put other bytes under a key."""
        self.objects.put(key, io.BytesIO(body), media_type="video/mp4")


@pytest.fixture(scope="session")
def sound_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sound farm, made once."""
    folder = tmp_path_factory.mktemp("sound-farm")
    with _opened(folder) as farm:
        migrate(farm.content, "content")
        migrate(farm.orchestrator, "orchestrator")
        with farm.content.transaction() as connection:
            _fill_content(connection.execute)
        with farm.orchestrator.transaction() as connection:
            _fill_orchestrator(connection.execute)
        for body in (PICTURE, VIDEO):
            farm.overwrite(reference(body)["key"], body)
    return folder


@pytest.fixture
def farm(sound_folder: Path, tmp_path: Path) -> Iterator[RestingFarm]:
    """A sound farm of the test's own."""
    with _opened(shutil.copytree(sound_folder, tmp_path / "farm", symlinks=True)) as farm:
        yield farm


@contextmanager
def _opened(folder: Path) -> Iterator[RestingFarm]:
    farm = RestingFarm(
        orchestrator=open_database(f"sqlite:///{folder}", schema="orchestrator"),
        content=open_database(f"sqlite:///{folder}", schema="content"),
        objects=open_store(FolderLocation(path=folder / "objects")),
    )
    yield farm
    farm.orchestrator.close()
    farm.content.close()


def reference(body: bytes) -> dict[str, Any]:
    sha256 = hashlib.sha256(body).hexdigest()
    key = f"accounts/{ACCOUNT}/assets/{sha256}"
    return {"key": key, "sha256": sha256, "size_bytes": len(body), "media_type": "video/mp4"}


def _fill_content(execute: Callable[..., Any]) -> None:
    execute(insert(ASSETS).values(account_id=ACCOUNT, origin="own", created_at=NOW, **reference(PICTURE)))
    execute(
        insert(LEDGER).values(
            account_id=ACCOUNT, digest="d" * 64, kind="image", provider="fake", state="stored", execution_id="e"
        )
        .values(lease_until=NOW, result={"image": {"asset": reference(PICTURE)}}, created_at=NOW)
    )  # fmt: skip


def _fill_orchestrator(execute: Callable[..., Any]) -> None:
    names = {"job_id": JOB, "project_id": "p"}
    facts = [JobQueued(revision_id="r", **names), JobStarted(**names), JobSucceeded(files=(), **names)]
    for sequence, fact in enumerate(facts, start=1):
        envelope = enclose(fact, source="/studiomatic/test", job_id=JOB, sequence=sequence)
        execute(insert(JOB_FACTS).values(job_id=JOB, sequence=sequence, envelope=envelope.model_dump_json()))
    execute(
        insert(JOBS).values(
            job_id=JOB, account_id=ACCOUNT, project_id="p", revision_id="r", outline={}, state="succeeded",
            reason="done", priority=0, idempotency_key="k", request_digest="d", created_at=NOW, ended_at=NOW,
            last_sequence=3, files=[{"name": "video.mp4", "asset": reference(VIDEO)}],
        )
    )  # fmt: skip
    for number, body in ((1, PICTURE), (2, VIDEO)):
        execute(
            insert(TASKS).values(
                task_id=f"t{number}", job_id=JOB, account_id=ACCOUNT, key=f"key{number}", kind="k", pool="renderer",
                stage="render", part=0, priority=0, rank=0, state="succeeded", reason="done", attempt=1,
                attempts_used=0, not_before=NOW, arguments={}, result={"asset": reference(body)}, reused=False,
                created_at=NOW, ended_at=NOW,
            )
        )  # fmt: skip
        execute(
            insert(ATTEMPTS).values(
                execution_id=f"e{number}", task_id=f"t{number}", job_id=JOB, attempt=1, worker="w",
                state="succeeded", started_at=NOW, ended_at=NOW, accepted=True,
            )
        )  # fmt: skip
    execute(
        insert(POOL_SHARES).values(
            pool="renderer", account_id=ACCOUNT, ready=0, dispatched=0, running=0, weight=1.0, virtual_time=2.0
        )
    )
    execute(insert(INBOX).values(consumer="orchestrator", message_id="handled", handled_at=NOW))
    execute(
        insert(OUTBOX).values(
            message_id="m1", type="job.queued.v1", exchange="x", routing_key="y", mandatory=False, persistent=True,
            headers={}, body="{}", stored_at=NOW, sent_at=NOW,
        )
    )  # fmt: skip
