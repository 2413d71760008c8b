"""What to make beside the video, as an author writes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.timeline import Output
from shared.errors import InvalidInputError
from studiomatic.cli.sources import with_outputs
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file

SOURCE = "topic: Bees\n"


def test_outputs_are_kept_once_in_their_own_order() -> None:
    file = parse_project_file(f"outputs: [webm, hls, webm, hevc]\n{SOURCE}", "p.yaml")
    assert file.outputs == (Output.HEVC, Output.WEBM, Output.HLS)
    draft = to_draft(file, Path(), desk=None)  # type: ignore[arg-type]  # nothing is handed in
    assert draft.outputs == file.outputs
    assert parse_project_file(from_draft(draft, project_id="p"), "p.yaml").outputs == file.outputs


@pytest.mark.parametrize(
    ("text", "expected"),
    [("outputs: [avi]", "outputs.*must be 'hevc', 'webm'"), ("outputs: webm", "outputs: must be a list")],
)
def test_an_unknown_output_is_refused_with_those_there_are(text: str, expected: str) -> None:
    with pytest.raises(InvalidInputError, match=expected):
        parse_project_file(f"{text}\n{SOURCE}", "p.yaml")


def test_a_kept_project_is_revised_only_for_an_output_that_it_does_not_make_yet() -> None:
    draft = ProjectDraft(title="T", slides=(SlideDraft(narration="x"),), outputs=(Output.HLS,))
    project = SimpleNamespace(project_id="p", draft=draft)
    revised: list[ProjectDraft] = []
    client = SimpleNamespace(revise_project=lambda _, changed: revised.append(changed) or "revised")
    session = SimpleNamespace(client=client)

    assert with_outputs(session, project, [Output.HLS]) is project
    assert with_outputs(session, project, [Output.HEVC]) == "revised"
    assert [draft.outputs for draft in revised] == [(Output.HEVC, Output.HLS)]
