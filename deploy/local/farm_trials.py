"""Jobs of any account on a farm, and a look at its tables from outside; for tests and measurements."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from PIL import Image
from sqlalchemy import text

from deploy.local.farm import Farm
from deploy.local.invariants import FarmChecker
from services.content.dependencies import ProjectDesk
from services.content.tables import ASSETS
from services.orchestrator.dependencies import JobDesk
from shared.bus.rpc import RpcClient
from shared.contracts.jobs import CancelJob, ExplainJob, GetJob, JobExplanation, JobView, SubmitJob
from shared.contracts.projects import CreateProject, MusicDraft, ProjectDraft, ProjectView, SlideDraft
from shared.contracts.references import AssetReference, ImageReference
from shared.contracts.revisions import MusicMode, RevisionOutline
from shared.contracts.timeline import FrameSize
from shared.db import insert_if_absent, open_database
from shared.errors import DatabaseUnavailableError
from shared.ids import AccountId, new_id
from shared.media.limits import MediaLimits
from shared.storage import ObjectStore, asset_key, open_store

TINY = FrameSize(width=128, height=128)
_PICTURE_SIZE = (640, 360)
_GRAIN = 4
_CALL_S = 180.0


class FarmTrials:
    """Works on a farm as its trusted edge, for any account, and reads its tables as its administrator."""

    def __init__(self, farm: Farm) -> None:
        self._rpc = RpcClient(farm.edge_environment()["STUDIO_BUS_URL"])
        self._databases = {
            name: open_database(farm.administrator_database_url(), schema=name)
            for name in ("orchestrator", "content")
        }
        self.objects: ObjectStore = open_store(farm.s3_location())
        self.checker = FarmChecker(
            database_url=farm.administrator_database_url(),
            bus_url=farm.rabbitmq.url(farm.vhost),
            objects=self.objects,
        )

    def close(self) -> None:
        """Let go of broker and databases."""
        self.checker.close()
        self._rpc.close()
        for database in self._databases.values():
            database.close()

    # Asking the farm

    def silent_project(
        self,
        account: AccountId,
        seconds: Sequence[float],
        *,
        size: FrameSize = TINY,
        pictures: int = 4,
        seed: str | None = None,
    ) -> str:
        """Keep a project of slides that need nothing but rendering; returns its id.

        Args:
            seconds: How long each slide is shown; slides of the same length and picture are rendered once.
            pictures: How many different pictures the slides have, in turn.
            seed: Decides the pictures; None: the account does, so that no two accounts have the same.
        """
        shown = [self.own_picture(account, f"{seed or account}/{n}") for n in range(min(pictures, len(seconds)))]
        slides = tuple(
            SlideDraft(image=shown[number % len(shown)], seconds=duration)
            for number, duration in enumerate(seconds)
        )
        draft = ProjectDraft(title="Own pictures", slides=slides, silent=True, size=size, music=_NO_MUSIC)
        return self.project(account, draft)

    def project(self, account: AccountId, draft: ProjectDraft) -> str:
        """Keep a project; returns its id."""
        query = CreateProject(draft=draft)
        return self._rpc.call("content", query, ProjectView, account_id=account, timeout_s=_CALL_S).project_id

    def submit(self, account: AccountId, project_id: str) -> str:
        """Start a job; returns its id."""
        query = SubmitJob(project_id=project_id, idempotency_key=new_id())
        return self._rpc.call("orchestrator", query, JobView, account_id=account, timeout_s=_CALL_S).job_id

    def submit_without_broker(self, account: AccountId, project_id: str) -> str:
        """Store a job in the orchestrator's tables, as another process of its own would; returns its id."""
        projects = ProjectDesk(self._databases["content"], self.objects, MediaLimits())
        desk = JobDesk(self._databases["orchestrator"], _Outlines(projects))
        return desk.submit(account, SubmitJob(project_id=project_id, idempotency_key=new_id()))

    def cancel(self, account: AccountId, job_id: str) -> None:
        """Stop a job."""
        self._rpc.call("orchestrator", CancelJob(job_id=job_id), JobView, account_id=account, timeout_s=_CALL_S)

    def get(self, account: AccountId, job_id: str) -> JobView:
        """One job as its owner sees it."""
        return self._rpc.call(
            "orchestrator", GetJob(job_id=job_id), JobView, account_id=account, timeout_s=_CALL_S
        )

    def explain(self, account: AccountId, job_id: str) -> JobExplanation:
        """Everything that happened to a job."""
        query = ExplainJob(job_id=job_id)
        return self._rpc.call("orchestrator", query, JobExplanation, account_id=account, timeout_s=_CALL_S)

    def own_picture(self, account: AccountId, seed: str) -> ImageReference:
        """Store a normalised picture of noise as if the account had handed it in; the same seed gives the same."""
        width, height = _PICTURE_SIZE
        grains = random.Random(seed).randbytes(width * height // _GRAIN**2)  # noqa: S311 - noise
        noise = Image.frombytes("L", (width // _GRAIN, height // _GRAIN), grains).convert("RGB")
        body = io.BytesIO()
        noise.resize(_PICTURE_SIZE).save(body, "PNG", compress_level=1)
        return self.hand_in(account, body.getvalue(), width=width, height=height)

    def hand_in(self, account: AccountId, png: bytes, *, width: int, height: int) -> ImageReference:
        """Store a normalised picture as if the account had handed it in."""
        sha256 = hashlib.sha256(png).hexdigest()
        key = asset_key(account, sha256)
        self.objects.put_if_absent(key, io.BytesIO(png), media_type="image/png")
        asset = AssetReference(key=key, sha256=sha256, size_bytes=len(png), media_type="image/png")
        values = {**asset.model_dump(), "account_id": account, "origin": "author", "created_at": datetime.now(UTC)}
        with self._databases["content"].transaction() as connection:
            insert_if_absent(connection, ASSETS, **values)
        return ImageReference(asset=asset, width=width, height=height)

    # Looking at its tables

    def rows(self, service: str, query: str, **values: Any) -> list[dict[str, Any]]:
        """Read the tables of a service; nothing while the database is away."""
        try:
            with self._databases[service].reading() as connection:
                return [dict(row) for row in connection.execute(text(query), values).mappings()]
        except DatabaseUnavailableError:
            return []

    def unsent(self, service: str) -> list[str]:
        """Types of the messages that wait in an outbox."""
        return [row["type"] for row in self.rows(service, "SELECT type FROM outbox WHERE sent_at IS NULL")]

    def states(self, *job_ids: str) -> list[str]:
        """States of jobs, in the order asked for; nothing while the database is away."""
        query = "SELECT job_id, state FROM jobs WHERE job_id = ANY(:ids)"
        found = {row["job_id"]: row["state"] for row in self.rows("orchestrator", query, ids=list(job_ids))}
        return [found[job_id] for job_id in job_ids] if found.keys() >= set(job_ids) else []

    def tasks(self, job_id: str, stage: str = "%") -> list[dict[str, Any]]:
        """Tasks of a job, in the order they were planned."""
        query = "SELECT * FROM tasks WHERE job_id = :job AND stage LIKE :stage ORDER BY task_id"
        return self.rows("orchestrator", query, job=job_id, stage=stage)

    def attempts(self, job_id: str, stage: str = "%") -> list[dict[str, Any]]:
        """Executions of a job's tasks, in the order they started."""
        query = (
            "SELECT attempts.*, tasks.stage FROM attempts JOIN tasks USING (task_id)"
            " WHERE attempts.job_id = :job AND stage LIKE :stage ORDER BY started_at"
        )
        return self.rows("orchestrator", query, job=job_id, stage=stage)


_NO_MUSIC = MusicDraft(mode=MusicMode.NONE)


class _Outlines:
    """Outlines from content's tables."""

    def __init__(self, desk: ProjectDesk) -> None:
        self._desk = desk

    def outline(self, account_id: str, project_id: str, revision_id: str | None) -> RevisionOutline:
        return self._desk.projects.outline(account_id, project_id, revision_id)
