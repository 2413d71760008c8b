"""What a farm promises when content dies while it makes something."""

from __future__ import annotations

import pytest

from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.revisions import MusicMode
from shared.contracts.timeline import FrameSize

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

NARRATION = "The bee visits the flower, and the flower gives the bee a little of its nectar. " * 4


def spoken(*, music: bool) -> ProjectDraft:
    """Two slides to be painted and spoken."""
    slides = tuple(
        SlideDraft(title=f"Slide {number}", narration=f"{prompt}. {NARRATION}", image_prompt=prompt)
        for number, prompt in enumerate(("a meadow with a bee", "a city at night"), start=1)
    )
    mode = MusicMode.COMPOSED if music else MusicMode.NONE
    return ProjectDraft(
        title="Bees", slides=slides, size=FrameSize(width=320, height=180), music=MusicDraft(mode=mode)
    )


@pytest.mark.parametrize(("stage", "music"), [("images", False), ("voice", False), ("music", True)])
def test_content_killed_while_it_makes_something_stores_it_once(farm, stage: str, music: bool) -> None:
    account = farm.account()
    job_id = farm.trials.submit(account, farm.trials.project(account, spoken(music=music)))
    execution = farm.running_execution(job_id, stage)
    farm.process_of(execution).kill()
    farm.assert_succeeded(job_id)
    assert sum(farm.attempts_used(job_id).values()) <= 1
    entries = farm.trials.rows("content", "SELECT kind, state FROM ledger WHERE account_id = :a", a=account)
    assert sorted(entry["kind"] for entry in entries) == sorted(["image", "voice"] * 2 + ["music"] * music)
    makings = farm.trials.rows("content", "SELECT sha256 FROM assets WHERE account_id = :a", a=account)
    assert len(makings) == 2 + 2 * 2 + music, "a picture, a voice and its words for each slide"
