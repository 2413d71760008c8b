"""The client of embedded mode: the services' use cases on the data folder, in plain threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from services.content.dependencies import SERVICE as CONTENT
from services.content.dependencies import ProjectDesk
from services.orchestrator.dependencies import SERVICE as ORCHESTRATOR
from services.orchestrator.dependencies import JobDesk
from shared.config import Settings
from shared.contracts.envelope import Envelope
from shared.contracts.jobs import (
    JobExplanation,
    JobList,
    JobState,
    JobView,
    PreviewRequest,
    ResumeJob,
    SubmitJob,
)
from shared.contracts.message import Query, Reply
from shared.contracts.projects import ProjectDraft, ProjectList, ProjectView
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.revisions import RevisionOutline
from shared.contracts.timeline import VideoReference
from shared.db import open_service_database
from shared.migrate import migrate
from shared.storage import Fingerprint
from shared.storage.configured import open_configured_store
from studiomatic.client.errors import NothingServesError
from studiomatic.client.events import ENDINGS, event_of
from studiomatic.client.folder_services import FolderServices
from studiomatic.client.port import JobEvent
from studiomatic.client.refusing import refuses_in_words
from studiomatic.data_folder import DataFolder

R = TypeVar("R", bound=Reply)

_POLL_S = 0.15
_PATIENCE_S = 1.0
"""Between two runtimes, the one that ends and the one that starts, nobody holds the folder for a moment."""


class FolderClient:
    """Works on the data folder of the settings; may be used beside a runtime and other clients."""

    def __init__(self, settings: Settings) -> None:
        self.folder = DataFolder(settings.data_dir)
        self.account_id = self.folder.account_id
        content = open_service_database(settings, CONTENT)
        orchestrator = open_service_database(settings, ORCHESTRATOR)
        migrate(content, CONTENT)
        migrate(orchestrator, ORCHESTRATOR)
        self._databases = (content, orchestrator)
        self._objects = open_configured_store(settings)
        self._content = ProjectDesk(content, self._objects, settings.media)
        self._jobs = JobDesk(orchestrator, _LocalOutlines(self._content))
        self._services = FolderServices(settings, self.account_id)

    def close(self) -> None:
        """Let go of the databases."""
        self._services.close()
        for database in self._databases:
            database.close()

    def ask(self, query: Query, reply: type[R]) -> R:
        return self._services.ask(query, reply)

    def as_account(self, account_id: str) -> FolderServices:
        """Asks the services in the name of another account of this folder; its projects are the owner's alone."""
        return self._services.as_account(account_id)

    def create_project(self, draft: ProjectDraft, *, idempotency_key: str | None = None) -> ProjectView:
        return self._content.projects.create(self.account_id, draft, idempotency_key=idempotency_key)

    def revise_project(self, project_id: str, draft: ProjectDraft) -> ProjectView:
        return self._content.projects.revise(self.account_id, project_id, draft)

    def get_project(self, project_id: str, revision_id: str | None = None) -> ProjectView:
        return self._content.projects.get(self.account_id, project_id, revision_id)

    def list_projects(self) -> ProjectList:
        return self._content.projects.list(self.account_id)

    def delete_project(self, project_id: str) -> None:
        self._content.projects.delete(self.account_id, project_id)

    def add_image(self, path: Path) -> ImageReference:
        return self._content.add_image(self.account_id, path)

    def add_audio(self, path: Path) -> AudioReference:
        return self._content.add_audio(self.account_id, path)

    def add_logo(self, path: Path) -> ImageReference:
        return self._content.add_logo(self.account_id, path)

    def add_font(self, path: Path) -> FontReference:
        return self._content.add_font(self.account_id, path)

    def add_video(self, path: Path) -> VideoReference:
        return self._content.add_video(self.account_id, path)

    @refuses_in_words
    def submit(
        self,
        project_id: str,
        *,
        idempotency_key: str,
        revision_id: str | None = None,
        priority: int = 0,
        preview: PreviewRequest | None = None,
    ) -> str:
        request = SubmitJob(
            project_id=project_id,
            revision_id=revision_id,
            idempotency_key=idempotency_key,
            priority=priority,
            preview=preview,
        )
        return self._jobs.submit(self.account_id, request)

    @refuses_in_words
    def resume(self, job_id: str, *, idempotency_key: str) -> str:
        return self._jobs.resume(self.account_id, ResumeJob(job_id=job_id, idempotency_key=idempotency_key))

    def cancel(self, job_id: str) -> JobState:
        return self._jobs.cancel(self.account_id, job_id, nothing_runs=not self.folder.is_served())

    def get_job(self, job_id: str) -> JobView:
        return self._jobs.queries.get(self.account_id, job_id)

    def list_jobs(self, project_id: str | None = None, limit: int = 50) -> JobList:
        return self._jobs.queries.jobs(self.account_id, project_id, limit)

    def explain(self, job_id: str) -> JobExplanation:
        return self._jobs.queries.explain(self.account_id, job_id)

    def watch(self, job_id: str, *, after_sequence: int = 0) -> Iterator[JobEvent]:
        served_at = time.monotonic()
        while True:
            facts = self._stored_facts(job_id, after_sequence)
            for fact in facts:
                after_sequence = fact.sequence or 0
                event = event_of(fact)
                if event is not None:
                    yield event
                if fact.type in ENDINGS:
                    return
            if not facts and self._is_over(job_id, after_sequence):
                return
            if facts or self.folder.is_served():
                served_at = time.monotonic()
            elif time.monotonic() - served_at > _PATIENCE_S:
                raise NothingServesError
            time.sleep(_POLL_S)

    def download(self, asset: AssetReference, target: Path) -> None:
        expected = Fingerprint(sha256=asset.sha256, size_bytes=asset.size_bytes)
        self._objects.download(asset.key, target, expected=expected)

    def _stored_facts(self, job_id: str, after_sequence: int) -> list[Envelope]:
        return self._jobs.queries.facts(self.account_id, job_id, after_sequence)

    def _is_over(self, job_id: str, after_sequence: int) -> bool:
        """Whether the job ended, and nothing is stored that was not handed out."""
        job = self.get_job(job_id)
        return job.state.is_terminal and job.last_sequence <= after_sequence


class _LocalOutlines:
    """Outlines straight from content's use case, which lives in the same process here."""

    def __init__(self, content: ProjectDesk) -> None:
        self._content = content

    def outline(self, account_id: str, project_id: str, revision_id: str | None) -> RevisionOutline:
        return self._content.projects.outline(account_id, project_id, revision_id)
