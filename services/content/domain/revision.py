"""A revision of a project, as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.revisions import RevisionOutline, SlidePart


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One immutable revision of a project."""

    project_id: str
    revision_id: str
    account_id: str
    number: int
    draft: ProjectDraft
    outline: RevisionOutline
    created_at: datetime
    project_created_at: datetime

    @property
    def slide_ids(self) -> tuple[str, ...]:
        """Ids of the author's slides, in order."""
        return tuple(slide.slide_id for slide in self.outline.slides if slide.part is SlidePart.SLIDE)

    def slide(self, slide_id: str) -> SlideDraft | None:
        """The draft of one slide; none if the revision has no such slide."""
        return dict(zip(self.slide_ids, self.draft.slides, strict=True)).get(slide_id)
