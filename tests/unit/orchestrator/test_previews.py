"""A preview makes only what is to be seen, and ends with its pictures instead of a video."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.jobs import JobState, PreviewRequest, ResumeJob, SubmitJob
from shared.contracts.tasks import DrawPreview, PreviewPlan
from shared.errors import ConflictError
from shared.ids import new_id

SLIDE_MS = 4_100
"""A slide of the farm: 0.5 s before a voice of 3 s, 0.6 s after it."""


def preview(farm: Any, slides: int = 4, **wanted: Any) -> str:
    request = SubmitJob(
        project_id=farm.project(slides), idempotency_key=new_id(), preview=PreviewRequest(**wanted)
    )
    return farm.submit.submit("acc", request)


def drawn(farm: Any, job: str) -> PreviewPlan:
    """Let everything be made; the plan that the renderer got."""
    [command] = [command for command in farm.perform_all() if isinstance(command, DrawPreview)]
    assert farm.state(job) is JobState.SUCCEEDED
    return farm.objects.get(command.plan, PreviewPlan)


def test_a_frame_needs_all_voices_but_only_its_own_picture(farm: Any) -> None:
    job = preview(farm, at_ms=(SLIDE_MS + 2_000,))
    plan = drawn(farm, job)
    assert set(farm.tasks(job)) == {"voice/s1", "voice/s2", "voice/s3", "voice/s4", "image/s2", "preview"}
    [shot] = plan.frames
    assert (shot.slide_number, shot.at_ms, plan.contact_sheet) == (2, SLIDE_MS + 2_000, ())
    assert (shot.spec.first_frame, shot.spec.frames, shot.spec.before) == (60, 1, None)


def test_a_frame_in_a_transition_needs_the_slide_before_as_well(farm: Any) -> None:
    job = preview(farm, at_ms=(SLIDE_MS + 100,))
    [shot] = drawn(farm, job).frames
    assert {"image/s1", "image/s2"} <= set(farm.tasks(job))
    assert shot.spec.before is not None
    assert shot.spec.clip.transition_in.frames == 15


def test_a_place_behind_the_end_is_the_last_frame(farm: Any) -> None:
    [shot] = drawn(farm, preview(farm, slides=2, at_ms=(3_600_000,))).frames
    assert (shot.slide_number, shot.spec.first_frame) == (2, shot.spec.clip.frames - 1)


def test_the_contact_sheet_shows_the_middle_of_every_slide(farm: Any) -> None:
    plan = drawn(farm, preview(farm, contact_sheet=True))
    assert [shot.slide_number for shot in plan.contact_sheet] == [1, 2, 3, 4]
    assert all(shot.spec.first_frame == shot.spec.clip.frames // 2 for shot in plan.contact_sheet)


def test_a_preview_ends_with_its_pictures_and_says_so(farm: Any) -> None:
    job = preview(farm, at_ms=(0,))
    farm.perform_all()
    view = farm.queries.get("acc", job)
    assert [file.name for file in view.files] == ["frame_1500.png"]
    assert (view.reason, view.percent) == ("the preview is stored", 100)
    assert [stage.stage.value for stage in view.stages] == ["images", "voice", "render"]


def test_a_preview_whose_parts_are_all_given_starts_by_itself(farm: Any) -> None:
    request = SubmitJob(
        project_id=farm._declare("acc", {"slides": farm.given_slides(2)}),
        idempotency_key=new_id(),
        preview=PreviewRequest(contact_sheet=True),
    )
    job = farm.submit.submit("acc", request)
    assert farm.advance.advance_unplanned() == 1
    assert len(drawn(farm, job).contact_sheet) == 2


def test_a_preview_of_a_topic_is_drawn_once_its_script_is_written(farm: Any) -> None:
    request = SubmitJob(
        project_id=farm.project(0, needs_script=True),
        idempotency_key=new_id(),
        preview=PreviewRequest(at_ms=(1_500,)),
    )
    job = farm.submit.submit("acc", request)
    drawn(farm, job)
    assert set(farm.tasks(job)) == {"script", "voice/w1", "voice/w2", "image/w1", "preview"}


def test_a_resumed_preview_is_a_preview(farm: Any) -> None:
    job = preview(farm, at_ms=(0,))
    farm.cancel.cancel("acc", job)
    resumed = farm.submit.resume("acc", ResumeJob(job_id=job, idempotency_key=new_id()))
    assert drawn(farm, resumed).frames


def test_a_key_means_one_preview(farm: Any) -> None:
    project = farm.project(2)

    def submitted(preview: PreviewRequest | None) -> str:
        return farm.submit.submit("acc", SubmitJob(project_id=project, idempotency_key="k", preview=preview))

    first = submitted(PreviewRequest(at_ms=(0,)))
    assert submitted(PreviewRequest(at_ms=(0,))) == first
    for other in (PreviewRequest(at_ms=(1,)), None):
        with pytest.raises(ConflictError):
            submitted(other)


@pytest.mark.parametrize(
    "wanted", [{}, {"at_ms": (-1,)}, {"at_ms": (0,) * 21}], ids=["nothing", "negative", "many"]
)
def test_a_preview_of_nothing_or_too_much_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PreviewRequest(**wanted)
