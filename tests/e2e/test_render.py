"""What a person does: render, edit, look, fetch, take back."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest


def report_of(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def test_a_project_of_own_pictures_becomes_a_video(studio, project) -> None:
    outcome = studio.run("render", str(project(slides=3)), "--out", "out", "--json")

    assert outcome.code == 0, outcome.err
    out = studio.folder / "out"
    with av.open(str(out / "video.mp4")) as video:
        assert video.streams.video[0].frames == 90
        assert not video.streams.audio
    assert outcome.event("finished")["files"][0].endswith("video.mp4")
    assert {"video.mp4", "project.yaml", "report.json", "poster.jpg", "timeline.otio"} <= {
        path.name for path in out.iterdir()
    }


def test_rendering_again_makes_nothing_again(studio, project) -> None:
    path = project(slides=2)
    studio.run("render", str(path), "--out", "first")

    outcome = studio.run("render", str(path), "--out", "second")

    assert outcome.code == 0, outcome.err
    report = report_of(studio.folder / "second")
    assert [task["stage"] for task in report["tasks"] if not task["reused"]] == ["assembly"]


def test_after_editing_one_slide_only_what_changed_is_made(studio, project) -> None:
    studio.run("render", str(project(slides=4)), "--out", "out")
    edited = studio.folder / "out" / "project.yaml"
    lines = edited.read_text().splitlines()
    places = [index for index, line in enumerate(lines) if "seconds:" in line]
    lines[places[1]] = lines[places[1]].replace("1.0", "2.0")
    edited.write_text("\n".join(lines))

    outcome = studio.run("render", str(edited), "--out", "again")

    assert outcome.code == 0, outcome.err
    report = report_of(studio.folder / "again")
    made = [(task["stage"], task["slide_number"]) for task in report["tasks"] if not task["reused"]]
    assert made == [("render", 2), ("render", 3), ("assembly", None)]
    assert len(json.loads(studio.run("projects", "list", "--json").out)) == 1


def test_a_topic_becomes_a_spoken_video_with_captions_and_music(studio) -> None:
    path = studio.folder / "topic.yaml"
    path.write_text(
        "topic: How bees find flowers\nslide_count: 2\nstyle: {size: 128x228, profile: draft}\nmusic: {mood: calm}\n"
    )

    outcome = studio.run("render", str(path), "--out", "out")

    assert outcome.code == 0, outcome.err
    out = studio.folder / "out"
    with av.open(str(out / "video.mp4")) as video:
        picture, sound = video.streams.video[0], video.streams.audio[0]
        assert (picture.width, picture.height) == (128, 228)
        assert sound.codec_context.name == "aac"
        assert len(video.chapters()) == 2
        assert abs(float(picture.duration * picture.time_base) - float(sound.duration * sound.time_base)) <= 1 / 30
    words = json.loads((out / "words.json").read_text())
    assert words
    assert "-->" in (out / "captions.srt").read_text()
    assert (out / "captions.vtt").read_text().startswith("WEBVTT")
    assert "narration" in (out / "project.yaml").read_text()


def test_another_take_makes_another_picture_and_keeps_the_rest(studio) -> None:
    path = studio.folder / "takes.yaml"
    path.write_text(
        "title: Takes\nstyle: {size: 128x128, profile: draft}\nvoice: none\nmusic: none\n"
        "slides:\n  - {image_prompt: a forest, seconds: 1}\n  - {image_prompt: the sea, seconds: 1}\n"
    )
    studio.run("render", str(path), "--out", "out")
    (listed,) = json.loads(studio.run("projects", "list", "--json").out)

    outcome = studio.run("regenerate", listed["project_id"], "--slide", "2", "--image", "--out", "again")

    assert outcome.code == 0, outcome.err
    made = [
        (t["stage"], t["slide_number"]) for t in report_of(studio.folder / "again")["tasks"] if not t["reused"]
    ]
    assert made == [("images", 2), ("render", 2), ("assembly", None)]
    shown = json.loads(studio.run("projects", "show", listed["project_id"], "--json").out)
    assert [slide["image_take"] for slide in shown["draft"]["slides"]] == [1, 2]


def test_the_authors_own_file_is_never_written_over(studio, project) -> None:
    path = project()
    before = path.read_text()

    outcome = studio.run("render", str(path), "--out", ".")

    assert outcome.code == 0, outcome.err
    assert path.read_text() == before
    assert (studio.folder / "project.rendered.yaml").exists()


def test_python_files_beside_a_project_are_never_run(studio, project) -> None:
    for name in ("eventlet", "six", "json", "services"):
        (studio.folder / f"{name}.py").write_text("open('PWNED', 'w').close()\nraise SystemExit(1)\n")
    studio_command = studio.run("render", str(project()), "--out", "out", installed=True)

    assert studio_command.code == 0, studio_command.err
    assert not (studio.folder / "PWNED").exists()


def test_a_failed_edit_is_kept(studio, project) -> None:
    studio.run("render", str(project()), "--detach")
    (listed,) = json.loads(studio.run("projects", "list", "--json").out)
    studio.environment["EDITOR"] = "sed -i s/title:/titel:/"

    outcome = studio.run("projects", "edit", listed["project_id"], "--json")

    kept = Path(outcome.event("error")["message"].rpartition(" ")[2])
    assert "titel: Small" in kept.read_text()
    kept.unlink()


def test_jobs_can_be_listed_shown_and_fetched(studio, project) -> None:
    studio.run("render", str(project()), "--out", "out")
    (job,) = json.loads(studio.run("jobs", "--json").out)

    shown = json.loads(studio.run("show", job["job_id"], "--json").out)
    fetched = studio.run("fetch", job["job_id"], "--out", "fetched")

    assert shown["job"]["state"] == "succeeded"
    assert all(task["attempts"] for task in shown["tasks"])
    assert fetched.code == 0, fetched.err
    assert (studio.folder / "fetched" / "video.mp4").read_bytes() == (
        studio.folder / "out" / "video.mp4"
    ).read_bytes()


def test_a_project_can_be_edited_and_deleted(studio, project) -> None:
    studio.run("render", str(project()), "--out", "out")
    (listed,) = json.loads(studio.run("projects", "list", "--json").out)
    studio.environment["EDITOR"] = "sed -i s/Small/Renamed/"

    edited = studio.run("projects", "edit", listed["project_id"])
    renamed = json.loads(studio.run("projects", "list", "--json").out)
    deleted = studio.run("projects", "delete", listed["project_id"], "--yes")

    assert edited.code == 0, edited.err
    assert [(p["title"], p["revisions"]) for p in renamed] == [("Renamed", 2)]
    assert deleted.code == 0
    assert json.loads(studio.run("projects", "list", "--json").out) == []


def test_without_a_runtime_a_job_is_stored_and_watching_it_says_so(studio, project) -> None:
    stored = studio.run("render", str(project()), "--detach", "--json")
    job_id = stored.event("submitted")["job_id"]

    watched = studio.run("watch", job_id, "--json")
    cancelled = studio.run("cancel", job_id, "--json")

    assert (stored.code, watched.code, cancelled.code) == (0, 3, 0)
    assert watched.event("error")["code"] == "client.nothing_serves"
    assert cancelled.event("cancelled")["state"] == "cancelled"


def test_serving_until_idle_finishes_what_was_stored_and_ends(studio, project) -> None:
    job_id = studio.run("render", str(project()), "--detach", "--json").event("submitted")["job_id"]

    served = studio.run("serve", "--until-idle")

    assert served.code == 0, served.err
    assert json.loads(studio.run("show", job_id, "--json").out)["job"]["state"] == "succeeded"


def test_a_cancelled_job_can_be_resumed_to_its_end(studio, project) -> None:
    job_id = studio.run("render", str(project()), "--detach", "--json").event("submitted")["job_id"]
    studio.run("cancel", job_id)

    resumed = studio.run("resume", job_id, "--out", "out", "--json")

    assert resumed.code == 0, resumed.err
    assert resumed.event("submitted")["resumes"] == job_id
    assert (studio.folder / "out" / "video.mp4").exists()


def test_settings_are_shown_with_secrets_masked(shared_studio) -> None:
    shared_studio.environment["STUDIO_S3_SECRET_KEY"] = "hunter2-hunter2"
    shared_studio.environment["STUDIO_S3_ACCESS_KEY"] = "visible-no"
    shared_studio.environment["STUDIO_S3_BUCKET"] = "media"
    shown = shared_studio.run("config")
    for name in ("SECRET_KEY", "ACCESS_KEY", "BUCKET"):
        del shared_studio.environment[f"STUDIO_S3_{name}"]

    assert shown.code == 0
    assert "hunter2" not in shown.out + shown.err
    assert "media" in shown.out


def test_the_doctor_finds_a_healthy_machine_healthy(shared_studio) -> None:
    outcome = shared_studio.run("doctor", "--json")
    assert outcome.code == 0, outcome.out
    findings = json.loads(outcome.out)
    assert {finding["subject"] for finding in findings} >= {"database", "storage", "disk", "voice", "broker"}
    assert all(finding["fine"] for finding in findings)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["render", "--help"], ["watch", "--help"], ["projects"]])
def test_help_names_the_commands(shared_studio, arguments: list[str]) -> None:
    outcome = shared_studio.run(*arguments)
    assert "Usage" in outcome.out + outcome.err
