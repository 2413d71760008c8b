"""Text that a database or UTF-8 cannot hold is refused at the door, with its place and without its words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.contracts.attempts import ErrorInfo
from shared.contracts.calls import error_from
from shared.contracts.envelope import decode, enclose, read
from shared.contracts.jobs import CancelJob, GetJob, ListJobs, ResumeJob, SubmitJob
from shared.contracts.message import Query
from shared.contracts.projects import CreateProject, GetProject, ProjectDraft, SlideDraft
from shared.contracts.revisions import RevisionTitles
from shared.errors import InvalidInputError, InvalidMessageError
from shared.text import made_storable

GOLDEN = Path(__file__).parent / "golden"
UNSTORABLE = pytest.mark.parametrize("text", ["hunter\0two", "hunter\ud83dtwo"], ids=["nul", "half a pair"])


@UNSTORABLE
@pytest.mark.parametrize(
    ("query", "field"),
    [
        (GetJob, "job_id"),
        (CancelJob, "job_id"),
        (ResumeJob, "idempotency_key"),
        (SubmitJob, "idempotency_key"),
        (ListJobs, "project_id"),
        (GetProject, "project_id"),
        (CreateProject, "idempotency_key"),
    ],
)
def test_a_query_with_text_that_cannot_be_stored_is_refused_with_its_place(
    query: type[Query], field: str, text: str
) -> None:
    needed = json.loads((GOLDEN / f"{query.type}.json").read_text())["data"]

    with pytest.raises(InvalidInputError, match=field) as refused:
        query(**{**needed, field: text})

    assert "hunter" not in refused.value.message


@UNSTORABLE
@pytest.mark.parametrize("field", ["title", "narration", "image_prompt"])
def test_a_draft_with_text_that_cannot_be_stored_is_refused(field: str, text: str) -> None:
    with pytest.raises(ValidationError, match=rf"slides\.0\.{field}"):
        ProjectDraft.model_validate({"title": "Bees", "slides": [{"title": "Bee", field: text}]})


@UNSTORABLE
def test_text_deep_inside_a_value_is_refused_too(text: str) -> None:
    for slides in ({"s1": text}, {text: "Bee"}):
        with pytest.raises(ValidationError, match="slides"):
            RevisionTitles(title="Bees", slides=slides)


@pytest.mark.parametrize("attribute", ["id", "accountid", "jobid", "subject", "causationid"])
def test_an_envelope_with_a_nul_in_an_attribute_is_refused(attribute: str) -> None:
    body = json.loads((GOLDEN / "job.started.v1.json").read_text())
    body[attribute] = "a\0b"

    with pytest.raises(InvalidMessageError, match=attribute):
        decode(json.dumps(body))


def test_a_query_that_comes_over_the_bus_is_refused_with_its_place_too() -> None:
    draft = ProjectDraft(title="Bees", slides=(SlideDraft(title="Bee"),))
    body = json.loads(enclose(CreateProject(draft=draft), source="/studiomatic/test").encode())
    body["data"]["draft"]["slides"][0]["narration"] = "hunter\0two"

    with pytest.raises(InvalidMessageError, match=r"draft\.slides\.0\.narration") as refused:
        read(decode(json.dumps(body)), CreateProject)

    assert "hunter" not in refused.value.message


def test_an_error_is_told_whatever_words_a_program_left() -> None:
    info = ErrorInfo(code="renderer.encoder_failed", message="it said \0 and \ud83d")

    assert str(error_from(info)) == "it said \ufffd and \ufffd"


def test_ordinary_text_of_any_script_is_left_alone() -> None:
    text = "Bees 🐝 Ünïcödé 蜜蜂 \t\n"
    assert GetJob(job_id=text).job_id == made_storable(text) == text


def test_arguments_out_of_range_are_refused_like_any_other_input() -> None:
    with pytest.raises(InvalidInputError, match=r"limit: .*greater than or equal to 1"):
        ListJobs(limit=0)
