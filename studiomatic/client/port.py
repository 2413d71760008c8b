"""What a program can do with Studiomatic, however it reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from shared.contracts.envelope import Envelope
from shared.contracts.jobs import JobExplanation, JobFact, JobList, JobState, JobView, PreviewRequest
from shared.contracts.message import Query, Reply
from shared.contracts.projects import ProjectDraft, ProjectList, ProjectView
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference

R = TypeVar("R", bound=Reply)


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """One fact of a job: its place in the job's history, and what it says."""

    sequence: int
    fact: JobFact
    envelope: Envelope


class ServicePort(Protocol):
    """Asks the services about accounts, sessions, second factors and keys."""

    def ask(self, query: Query, reply: type[R]) -> R:
        """Ask the service that answers such a question.

        Raises:
            AccessRefusedError: One of `shared.contracts.refusals`, as the service refuses it.
        """
        ...

    def as_account(self, account_id: str) -> ServicePort:
        """The same connection or folder for another account."""
        ...

    def close(self) -> None:
        """Let go of connections and databases."""
        ...


class ClientPort(ServicePort, Protocol):
    """Everything of one account. Unknown ids, and those of other accounts, raise ``NotFoundError``."""

    def create_project(self, draft: ProjectDraft, *, idempotency_key: str | None = None) -> ProjectView:
        """Keep a new project; ``InvalidInputError`` names the slide and what to change.

        Args:
            idempotency_key: The same key and draft answer the same project, also from another process.
        """
        ...

    def revise_project(self, project_id: str, draft: ProjectDraft) -> ProjectView:
        """Add a revision; a draft that changes nothing answers the newest."""
        ...

    def get_project(self, project_id: str, revision_id: str | None = None) -> ProjectView:
        """One revision, the newest by default."""
        ...

    def list_projects(self) -> ProjectList:
        """Projects, the newest change first."""
        ...

    def delete_project(self, project_id: str) -> None:
        """Delete a project with its revisions."""
        ...

    def add_image(self, path: Path) -> ImageReference:
        """Hand in a picture of one's own; ``BadMediaError`` names it."""
        ...

    def add_audio(self, path: Path) -> AudioReference:
        """Hand in a sound of one's own; ``BadMediaError`` names it."""
        ...

    def add_logo(self, path: Path) -> ImageReference:
        """Hand in a picture that keeps its transparency; ``BadMediaError`` names it."""
        ...

    def add_font(self, path: Path) -> FontReference:
        """Hand in a font, TTF or OTF; ``BadMediaError`` names it."""
        ...

    def add_video(self, path: Path) -> VideoReference:
        """Hand in a video with its sound; ``BadMediaError`` names it."""
        ...

    def submit(
        self,
        project_id: str,
        *,
        idempotency_key: str,
        revision_id: str | None = None,
        priority: int = 0,
        preview: PreviewRequest | None = None,
    ) -> str:
        """Start a job; the same key and request answer the same job. Returns its id.

        Args:
            preview: Draw these frames, and render no video.
        """
        ...

    def resume(self, job_id: str, *, idempotency_key: str) -> str:
        """Start a new job where an ended one stopped; returns its id. ``ConflictError`` if there is nothing to."""
        ...

    def cancel(self, job_id: str) -> JobState:
        """Stop a job; returns its state. Stopping an ended job changes nothing."""
        ...

    def get_job(self, job_id: str) -> JobView:
        """One job."""
        ...

    def list_jobs(self, project_id: str | None = None, limit: int = 50) -> JobList:
        """The newest jobs."""
        ...

    def explain(self, job_id: str) -> JobExplanation:
        """Every task and attempt of a job."""
        ...

    def watch(self, job_id: str, *, after_sequence: int = 0) -> Iterator[JobEvent]:
        """The facts of a job after a sequence number, stored and live, in order, to its end.

        Facts of a type that this release does not know are left out.

        Raises:
            NothingServesError: The job has not ended, and nothing is there to work on it (data folder only).
        """
        ...

    def download(self, asset: AssetReference, target: Path) -> None:
        """Copy a stored object into a file, verified; the file appears only when all of it is right."""
        ...
