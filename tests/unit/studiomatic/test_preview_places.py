"""Places in a video as a person writes them, refused before anything is opened."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from studiomatic.cli import app as command_line
from studiomatic.cli.app import app


@pytest.fixture(autouse=True)
def _logging_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line sets up logging for its whole process, which here is that of all tests."""
    monkeypatch.setattr(command_line, "configure_logging", lambda *_, **__: None)


@pytest.mark.parametrize("place", ["soon", "-1s", "1:2:3", "1:99", "99999999s"])
def test_what_is_no_place_in_a_video_is_refused_in_words(place: str) -> None:
    outcome = CliRunner().invoke(app, ["preview", "project.yaml", f"--at={place}"])

    assert outcome.exit_code == 1, outcome
    assert "like 12.5s or 1:05" in outcome.output


def test_more_places_than_a_sheet_holds_are_refused() -> None:
    outcome = CliRunner().invoke(app, ["preview", "project.yaml", *["--at=1s"] * 21])

    assert outcome.exit_code == 1, outcome
    assert "21 places were asked for, at most 20 are possible" in outcome.output
