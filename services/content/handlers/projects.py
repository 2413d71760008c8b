"""Keep projects and their immutable revisions."""

from __future__ import annotations

from services.content.domain.outline import build_outline, build_titles, captioned_samples, check_draft
from services.content.domain.own_media import check_media, media_of
from services.content.domain.own_videos import stated_by, videos_of
from services.content.domain.revision import Revision
from services.content.domain.words import estimate_words
from services.content.handlers.accounts import require_open
from services.content.handlers.ports import Objects, Store
from shared.contracts.projects import ProjectDraft, ProjectList, ProjectView
from shared.contracts.references import AssetReference
from shared.contracts.revisions import RevisionOutline
from shared.contracts.timeline import VideoReference
from shared.errors import ConflictError, NotFoundError
from shared.ids import new_id


class Projects:
    """Creates, revises, reads and deletes the projects of accounts."""

    def __init__(self, store: Store, objects: Objects) -> None:
        self._store = store
        self._objects = objects

    def create(self, account_id: str, draft: ProjectDraft, idempotency_key: str | None = None) -> ProjectView:
        """Keep a new project with its first revision.

        Args:
            idempotency_key: The same key and draft give the same project, once; deleting it frees the key.
        Returns:
            The first revision, also when the project has others by now.
        Raises:
            InvalidInputError: The draft cannot become a video, or refers to media that the account does not have;
                names the slide and what to change.
            ConflictError: The key was used for another draft.
            NotPermittedError: The account is unconfirmed, disabled, or waits for its deletion.
        """
        check_draft(draft)
        self._require_open(account_id)
        if earlier := self._earlier(account_id, idempotency_key, draft):
            return earlier
        self._check_media(account_id, draft)
        project_id = new_id()
        outline = self._outline(account_id, project_id, draft)
        with self._store.transaction() as unit:
            added = unit.add_project(account_id, project_id, draft.title, idempotency_key)
            if added:
                unit.add_revision(account_id, outline, draft, number=1)
        if added:
            return self.get(account_id, project_id, outline.revision_id)
        if earlier := self._earlier(account_id, idempotency_key, draft):
            return earlier
        raise ConflictError(f"idempotency key {idempotency_key} was just used; send the request again")

    def revise(self, account_id: str, project_id: str, draft: ProjectDraft) -> ProjectView:
        """Add a revision; a draft that changes nothing answers the newest one.

        Raises:
            NotFoundError: No such project in this account.
            InvalidInputError: The draft cannot become a video, or refers to media that the account does not have.
            NotPermittedError: As for ``create``.
        """
        check_draft(draft)
        self._require_open(account_id)
        newest = self._revision(account_id, project_id, None)
        if newest.draft == draft:
            return _view(newest)
        self._check_media(account_id, draft)
        outline = self._outline(account_id, project_id, draft)
        with self._store.transaction() as unit:
            number = unit.next_revision_number(account_id, project_id)
            if number is None:
                raise _unknown(project_id)
            unit.add_revision(account_id, outline, draft, number=number)
        return self.get(account_id, project_id, outline.revision_id)

    def add_written(self, account_id: str, brief: Revision, draft: ProjectDraft) -> Revision:
        """Keep the revision that a script made of a brief; a second script for the same brief changes nothing."""
        outline = self._outline(account_id, brief.project_id, draft)
        with self._store.transaction() as unit:
            number = unit.next_revision_number(account_id, brief.project_id)
            if number is None:
                raise _unknown(brief.project_id)
            unit.add_revision(account_id, outline, draft, number=number, written_from=brief.revision_id)
        written = self.written_from(account_id, brief)
        if written is None:
            raise ConflictError(f"project {brief.project_id} was deleted while its script was written")
        return written

    def written_from(self, account_id: str, brief: Revision) -> Revision | None:
        """The revision whose script was written from a brief, if it was."""
        with self._store.reading() as unit:
            return unit.revision_written_from(account_id, brief.revision_id)

    def get(self, account_id: str, project_id: str, revision_id: str | None = None) -> ProjectView:
        """One revision of a project, the newest by default.

        Raises:
            NotFoundError: No such project or revision in this account.
        """
        return _view(self._revision(account_id, project_id, revision_id))

    def outline(self, account_id: str, project_id: str, revision_id: str | None) -> RevisionOutline:
        """The shape of a revision; raises like `get`."""
        return self._revision(account_id, project_id, revision_id).outline

    def list(self, account_id: str) -> ProjectList:
        """The account's projects, the newest change first."""
        with self._store.reading() as unit:
            return ProjectList(projects=unit.projects(account_id))

    def delete(self, account_id: str, project_id: str) -> None:
        """Delete a project with its revisions.

        Raises:
            NotFoundError: No such project in this account.
        """
        with self._store.transaction() as unit:
            if not unit.delete_project(account_id, project_id):
                raise _unknown(project_id)

    def revision(self, account_id: str, project_id: str, revision_id: str) -> Revision:
        """A revision with its words; raises like `get`."""
        return self._revision(account_id, project_id, revision_id)

    def _require_open(self, account_id: str) -> None:
        with self._store.reading() as unit:
            require_open(unit, account_id)

    def _earlier(self, account_id: str, idempotency_key: str | None, draft: ProjectDraft) -> ProjectView | None:
        """What was created with this key before."""
        if idempotency_key is None:
            return None
        with self._store.reading() as unit:
            first = unit.first_revision_by_key(account_id, idempotency_key)
        if first is not None and first.draft != draft:
            raise ConflictError(
                f"idempotency key {idempotency_key} belongs to project {first.project_id}, which began with a"
                " different draft; use a new key"
            )
        return _view(first) if first else None

    def _check_media(self, account_id: str, draft: ProjectDraft) -> None:
        digests = {reference.asset.sha256 for _, reference in media_of(draft)}
        with self._store.reading() as unit:
            recorded = unit.recorded_assets(account_id, digests)
            entries = [
                unit.ledger_entry(account_id, stated_by(video.asset.sha256).digest)
                for _, video in videos_of(draft)
            ]
        videos = [VideoReference.model_validate(entry.result) for entry in entries if entry and entry.result]
        check_media(draft, recorded, videos)

    def _revision(self, account_id: str, project_id: str, revision_id: str | None) -> Revision:
        with self._store.reading() as unit:
            revision = unit.revision(account_id, project_id, revision_id)
        if revision is None:
            raise _unknown(project_id)
        return revision

    def _outline(self, account_id: str, project_id: str, draft: ProjectDraft) -> RevisionOutline:
        slide_ids = tuple(new_id() for _ in draft.slides)
        return build_outline(
            draft,
            project_id=project_id,
            revision_id=new_id(),
            slide_ids=slide_ids,
            titles=self._objects.put_value(account_id, build_titles(draft, slide_ids)),
            words=self._word_times(account_id, draft, slide_ids),
        )

    def _word_times(
        self, account_id: str, draft: ProjectDraft, slide_ids: tuple[str, ...]
    ) -> dict[str, AssetReference]:
        """Estimated word times of the author's own voices and of silent slides, stored as objects."""
        return {
            slide_id: self._objects.put_value(account_id, words)
            for slide, slide_id, samples in zip(draft.slides, slide_ids, captioned_samples(draft), strict=True)
            if (words := estimate_words(slide.narration, samples))
        }


def _view(revision: Revision) -> ProjectView:
    return ProjectView(
        project_id=revision.project_id,
        revision_id=revision.revision_id,
        revision_number=revision.number,
        created_at=revision.project_created_at,
        revised_at=revision.created_at,
        slide_ids=revision.slide_ids,
        draft=revision.draft,
    )


def _unknown(project_id: str) -> NotFoundError:
    return NotFoundError(f"there is no project {project_id}; `studio projects list` shows yours")
