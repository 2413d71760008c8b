"""``studio preview`` shows a video without rendering it."""

from __future__ import annotations

from PIL import Image


def test_frames_and_sheet_come_without_a_render_and_without_other_files(studio, project) -> None:
    outcome = studio.run(
        "preview", str(project(slides=3)), "--at", "0.5s", "--at", "0:02.5", "--sheet", "--out", "out", "--json"
    )

    assert outcome.code == 0, outcome.err
    out = studio.folder / "out"
    assert {path.name for path in out.iterdir()} == {"frame_500.png", "frame_2500.png", "contact_sheet.jpg"}
    assert Image.open(out / "frame_500.png").size == (192, 128)
    explained = studio.run("show", outcome.event("submitted")["job_id"], "--json").out
    assert "renderer.draw_preview.v1" in explained
    assert "renderer.render_segment.v1" not in explained


def test_a_place_behind_the_end_shows_the_last_frame_and_says_where_the_end_is(studio, project) -> None:
    outcome = studio.run("preview", str(project(slides=2)), "--at", "30s", "--out", "out")

    assert outcome.code == 0, outcome.err
    assert "the video ends at 2.0 s" in outcome.out
    assert {path.name for path in (studio.folder / "out").iterdir()} == {"frame_1966.png"}
