"""Accept a job: from a new request, or to go on where an ended job stopped."""

from __future__ import annotations

import hashlib

from services.orchestrator.domain.plan import MAX_SLIDES, first_tasks
from services.orchestrator.domain.records import JobRecord
from services.orchestrator.handlers.ports import Outlines, Store
from shared.clock import Clock
from shared.contracts.jobs import JobQueued, JobState, PreviewRequest, ResumeJob, SubmitJob
from shared.contracts.revisions import RevisionOutline
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.ids import new_id


class Submit:
    """Stores a job with its first tasks; the same key and request give the same job, once."""

    def __init__(self, store: Store, outlines: Outlines, clock: Clock) -> None:
        self._store = store
        self._outlines = outlines
        self._clock = clock

    def submit(self, account_id: str, request: SubmitJob) -> str:
        """Start a job from a stored revision.

        Returns:
            The job's id; of the earlier job, if the key was used for the same request before.
        Raises:
            NotFoundError: No such project or revision in this account.
            ConflictError: The key was used for another request.
            InvalidInputError: The revision cannot become a video; the message says why.
        """
        preview = request.preview
        digest = _digest(request.project_id, request.revision_id or "newest", *_words(preview))
        if earlier := self._earlier(account_id, request.idempotency_key, digest):
            return earlier
        outline = self._outlines.outline(account_id, request.project_id, request.revision_id)
        return self._store_job(
            account_id,
            request.idempotency_key,
            digest,
            outline,
            priority=request.priority,
            preview=preview,
            resumes=None,
        )

    def resume(self, account_id: str, request: ResumeJob) -> str:
        """Start a new job from the revision of one that failed or was cancelled; all that was made is reused.

        Raises:
            NotFoundError: No such job in this account.
            ConflictError: The job still runs, or it succeeded.
        """
        digest = _digest("resume", request.job_id)
        if earlier := self._earlier(account_id, request.idempotency_key, digest):
            return earlier
        ended = self._resumable(account_id, request.job_id)
        outline = self._outlines.outline(account_id, ended.project_id, ended.outline.revision_id)
        return self._store_job(
            account_id,
            request.idempotency_key,
            digest,
            outline,
            priority=ended.priority,
            preview=ended.preview,
            resumes=ended.job_id,
        )

    def _resumable(self, account_id: str, job_id: str) -> JobRecord:
        with self._store.reading() as unit:
            job = unit.job(job_id, account_id)
        if job is None:
            raise NotFoundError(f"there is no job {job_id}; `studio jobs` lists yours")
        if not job.state.is_terminal:
            raise ConflictError(f"job {job_id} is {job.state.value}; watch it, or cancel it first")
        if job.state is JobState.SUCCEEDED:
            raise ConflictError(f"job {job_id} succeeded; fetch its files, or submit the project again")
        return job

    def _earlier(self, account_id: str, idempotency_key: str, digest: str) -> str | None:
        with self._store.reading() as unit:
            job = unit.job_by_key(account_id, idempotency_key)
        if job is None:
            return None
        if job.request_digest != digest:
            raise ConflictError(
                f"idempotency key {idempotency_key} belongs to job {job.job_id}, which was a different request"
            )
        return job.job_id

    def _store_job(
        self,
        account_id: str,
        idempotency_key: str,
        digest: str,
        outline: RevisionOutline,
        *,
        priority: int,
        preview: PreviewRequest | None,
        resumes: str | None,
    ) -> str:
        _check(outline)
        job = JobRecord(
            job_id=new_id(),
            account_id=account_id,
            project_id=outline.project_id,
            revision_id=outline.revision_id,
            outline=outline,
            state=JobState.QUEUED,
            reason="accepted",
            priority=priority,
            idempotency_key=idempotency_key,
            request_digest=digest,
            created_at=self._clock.now(),
            preview=preview,
            resumes=resumes,
        )
        with self._store.transaction() as unit:
            if unit.add_job(job):
                unit.add_tasks(job, first_tasks(outline, preview))
                queued = JobQueued(
                    job_id=job.job_id,
                    project_id=job.project_id,
                    revision_id=job.revision_id,
                    resumes=resumes,
                )
                unit.publish(job, queued)
                return job.job_id
        earlier = self._earlier(account_id, idempotency_key, digest)
        if earlier is None:
            raise ConflictError(f"idempotency key {idempotency_key} was just used; send the request again")
        return earlier


def _check(outline: RevisionOutline) -> None:
    if outline.needs_script:
        return
    if not outline.slides:
        raise InvalidInputError("the project has no slides; add at least one")
    if len(outline.slides) > MAX_SLIDES:
        raise InvalidInputError(f"the project has {len(outline.slides)} slides, at most {MAX_SLIDES} are possible")


def _words(preview: PreviewRequest | None) -> tuple[str, ...]:
    return () if preview is None else (preview.model_dump_json(),)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
