"""What an author says of the sound reaches the planner."""

from __future__ import annotations

from services.content.domain.outline import build_outline
from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference
from shared.contracts.revisions import RevisionOutline, SlideLook

TITLES = AssetReference(key="accounts/a/timelines/t", sha256="0" * 64, size_bytes=1, media_type="application/json")


def outline_of(**fields: object) -> RevisionOutline:
    slides = (SlideDraft(narration="x", look=SlideLook(pause_ms=700)),)
    draft = ProjectDraft(title="T", slides=slides, **fields)
    return build_outline(draft, project_id="p", revision_id="r", slide_ids=("s",), titles=TITLES, words={})


def test_loudness_levels_and_pauses_are_the_drafts() -> None:
    outline = outline_of(loudness_lufs=-16, music=MusicDraft(level_db=-20, duck_db=-2))
    assert (outline.loudness_lufs, outline.music_level_db, outline.music_duck_db) == (-16, -20, -2)
    assert outline.slides[0].look.pause_ms == 700


def test_what_is_not_said_stays_as_usual() -> None:
    usual, outline = RevisionOutline(project_id="p", revision_id="r"), outline_of()
    for field in ("loudness_lufs", "music_level_db", "music_duck_db"):
        assert getattr(outline, field) == getattr(usual, field)
