"""Bad input is refused at the door, by name and with a remedy, and nothing is stored."""

from __future__ import annotations

import json
import sqlite3
import struct
import wave
import zlib
from pathlib import Path

import pytest
from PIL import Image

HEAD = "title: T\nstyle: {size: 192x128, profile: draft}\nmusic: none\n"

BAD_PROJECTS = {
    "no slides": (HEAD + "slides: []\n", "slides"),
    "slide without text": (HEAD + "slides:\n  - {title: only a title}\n", "slide 1 has no text"),
    "unknown language": (HEAD + "language: xx\nslides:\n  - {narration: Hello there.}\n", "'xx' is not supported"),
    "narration too long": (HEAD + f"slides:\n  - narration: {'a' * 100_000}\n", "slide 1, narration"),
    "typing mistake": (HEAD + "slides:\n  - {narration: Hi., pictur: a.png}\n", "pictur"),
    "missing picture": (
        HEAD + "slides:\n  - {narration: Hi., image: nowhere.png}\n",
        "slide 1: there is no file nowhere.png",
    ),
    "odd size": ("title: T\nstyle: {size: 191x127}\nslides:\n  - {narration: Hi.}\n", "size"),
    "not a project": ("- just\n- a list\n", "holds no project"),
    "not yaml": ("title: [", "not YAML"),
    "two sources": (HEAD + "topic: bees\nslides:\n  - {narration: Hi.}\n", "exactly one of"),
}


@pytest.mark.parametrize("name", sorted(BAD_PROJECTS))
def test_a_bad_project_file_is_refused_with_the_place_and_nothing_is_stored(shared_studio, name: str) -> None:
    text, expected = BAD_PROJECTS[name]
    path = shared_studio.folder / "bad.yaml"
    path.write_text(text)

    outcome = shared_studio.run("render", str(path), "--json")

    assert outcome.code == 1
    assert expected in outcome.event("error")["message"]
    assert json.loads(shared_studio.run("jobs", "--json").out) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([""], "topic is empty"),
        (["   "], "topic is empty"),
        (["bees", "--slides", "0"], "0 slides"),
        (["bees", "--slides", "500"], "500 slides"),
        (["bees", "--aspect", "7:3"], "7:3"),
        (["bees", "--language", "klingon"], "language"),
        (["missing.yaml"], "missing.yaml"),
        (["a" * 100_000], "topic"),
    ],
    ids=["empty", "blank", "no slides", "500 slides", "aspect", "language", "no file", "100,000 characters"],
)
def test_a_bad_request_is_refused_with_the_remedy(shared_studio, arguments: list[str], expected: str) -> None:
    outcome = shared_studio.run("render", *arguments, "--out", "never", "--json")
    assert outcome.code == 1
    assert expected in outcome.event("error")["message"]


def huge_png(path: Path) -> None:
    """A valid header that promises 30,000 pixels in width."""
    header = struct.pack(">IIBBBBB", 30_000, 10, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + b"\0" * 64
    )


def bad_picture(kind: str, path: Path) -> None:
    match kind:
        case "truncated":
            Image.effect_noise((300, 200), 90).convert("RGB").save(path)
            path.write_bytes(path.read_bytes()[:2_000])
        case "1x1":
            Image.new("RGB", (1, 1)).save(path)
        case "animated":
            frames = [Image.new("RGB", (64, 64), (n * 40, 0, 0)) for n in range(3)]
            frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:])
        case "30,000 wide":
            huge_png(path)
        case "text":
            path.write_text("I am no picture")


@pytest.mark.parametrize("kind", ["truncated", "1x1", "animated", "30,000 wide", "text"])
def test_a_picture_that_cannot_be_used_is_refused_by_name(shared_studio, kind: str) -> None:
    bad_picture(kind, shared_studio.folder / "bad.png")
    path = shared_studio.folder / "own.yaml"
    path.write_text(HEAD + "voice: none\nslides:\n  - {image: bad.png, seconds: 1}\n")

    outcome = shared_studio.run("render", str(path), "--json")

    error = outcome.event("error")
    assert (outcome.code, error["code"]) == (1, "bad_media")
    assert "bad.png" in error["message"]


def test_what_own_files_may_be_is_a_setting(studio, project) -> None:
    studio.environment["STUDIO_MEDIA__IMAGE_SIDE"] = "319"

    outcome = studio.run("render", str(project(slides=1)), "--json")

    error = outcome.event("error")
    assert (outcome.code, error["code"]) == (1, "bad_media")
    assert "p1.png: 320x240 pixels is larger than allowed (319 pixels on a side" in error["message"]


def test_a_cmyk_picture_is_converted(studio) -> None:
    Image.new("CMYK", (320, 240), (0, 200, 200, 0)).save(studio.folder / "print.jpg")
    path = studio.folder / "own.yaml"
    path.write_text(HEAD + "voice: none\nslides:\n  - {image: print.jpg, seconds: 1}\n")
    outcome = studio.run("render", str(path), "--out", "out")
    assert outcome.code == 0, outcome.err


def silence(path: Path, *, samples: int, rate: int) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"\1\2" * samples)


def test_a_voice_file_of_no_length_is_refused_by_name(shared_studio) -> None:
    silence(shared_studio.folder / "empty.wav", samples=0, rate=48_000)
    path = shared_studio.folder / "voice.yaml"
    path.write_text(HEAD + "slides:\n  - {narration: Hi., voice: empty.wav}\n")
    error = shared_studio.run("render", str(path), "--json").event("error")
    assert error["code"] == "bad_media"
    assert "empty.wav" in error["message"]


def test_a_voice_file_in_an_odd_sample_rate_is_used(studio, picture) -> None:
    silence(studio.folder / "odd.wav", samples=11_025, rate=11_025)
    path = studio.folder / "voice.yaml"
    image = picture("p.png").name
    path.write_text(HEAD + f"slides:\n  - {{narration: Hello there., voice: odd.wav, image: {image}}}\n")
    outcome = studio.run("render", str(path), "--out", "out")
    assert outcome.code == 0, outcome.err
    assert "Hello there." in (studio.folder / "out" / "captions.srt").read_text()


@pytest.mark.parametrize(
    "narration", ["🐝 Bees 🌸 love 🌼", "שלום עולם", "مرحبا بالعالم"], ids=["emoji", "hebrew", "arabic"]
)
def test_emoji_and_right_to_left_text_become_captions(studio, picture, narration: str) -> None:
    silence(studio.folder / "voice.wav", samples=48_000, rate=48_000)
    path = studio.folder / "text.yaml"
    image = picture("p.png").name
    path.write_text(HEAD + f"slides:\n  - {{narration: {narration}, voice: voice.wav, image: {image}}}\n")
    outcome = studio.run("render", str(path), "--out", "out")
    assert outcome.code == 0, outcome.err
    assert narration in (studio.folder / "out" / "captions.srt").read_text()


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "resume", "fetch"])
def test_an_unknown_job_is_not_found_rather_than_failed(shared_studio, command: str) -> None:
    outcome = shared_studio.run(command, "01a20e67-f96c-7495-a999-9d14c7aaf52f", "--json")
    assert (outcome.code, outcome.event("error")["code"]) == (1, "not_found")


def test_a_folder_that_cannot_be_written_is_found_before_any_work(studio, project) -> None:
    (studio.folder / "taken").write_text("a file, no folder")
    outcome = studio.run("render", str(project()), "--out", "taken", "--json")
    assert outcome.code == 1
    assert "taken" in outcome.event("error")["message"]
    assert json.loads(studio.run("jobs", "--json").out) == []


def test_a_data_folder_that_cannot_be_used_is_named_with_its_remedy(shared_studio) -> None:
    blocked = shared_studio.folder / "blocked"
    blocked.write_text("a file, no folder")
    good = shared_studio.environment["STUDIO_DATA_DIR"]
    shared_studio.environment["STUDIO_DATA_DIR"] = str(blocked)
    outcome = shared_studio.run("jobs", "--json")
    shared_studio.environment["STUDIO_DATA_DIR"] = good
    assert outcome.code == 1
    assert "STUDIO_DATA_DIR" in outcome.event("error")["message"]


def test_a_setting_that_cannot_work_is_named_and_its_value_is_not_shown(shared_studio) -> None:
    shared_studio.environment["STUDIO_BUS_URL"] = "ftp://user:hunter2@host"
    outcome = shared_studio.run("jobs")
    del shared_studio.environment["STUDIO_BUS_URL"]
    assert outcome.code == 1
    assert "STUDIO_BUS_URL" in outcome.err
    assert "hunter2" not in outcome.err


def test_a_picture_that_vanished_from_storage_fails_the_job_by_slide_and_comes_back_with_the_file(
    studio, project
) -> None:
    path = str(project(slides=3))
    job_id = studio.run("render", path, "--detach", "--json").event("submitted")["job_id"]
    with sqlite3.connect(studio.data / "db" / "orchestrator.sqlite3") as database:
        (outline,) = database.execute("SELECT outline FROM jobs").fetchone()
    digest = json.loads(outline)["slides"][2]["image"]["asset"]["sha256"]
    stored = [found for found in (studio.data / "storage").rglob(f"*{digest}*") if found.is_file()]
    assert stored, "its bytes, and what is known of them"
    for file in stored:
        file.unlink()

    studio.run("serve", "--until-idle")

    job = json.loads(studio.run("show", job_id, "--json").out)["job"]
    assert (job["state"], job["failed_stage"], job["failed_slide"]) == ("failed", "render", 3)
    assert "the picture is not stored any more" in job["error"]["message"]
    assert "render the project file again" in job["error"]["message"]
    again = studio.run("render", path, "--out", "out")
    assert again.code == 0, again.err


@pytest.mark.parametrize("command", [["jobs"], ["serve", "--until-idle"]], ids=["reading", "serving"])
def test_a_damaged_database_is_told_in_one_line_with_its_remedy(studio, command: list[str]) -> None:
    folder = studio.data / "db"
    folder.mkdir(parents=True)
    (folder / "orchestrator.sqlite3").write_bytes(b"I am no database. " * 500)

    outcome = studio.run(*command)

    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    line = outcome.err.strip().splitlines()[-1]
    assert str(folder / "orchestrator.sqlite3") in line
    assert "backup" in line
    assert line.endswith("[database.damaged]")


def test_a_mistyped_variable_is_warned_of_once_and_found_by_the_doctor(shared_studio) -> None:
    shared_studio.environment["STUDIO_RENDER_SLOT"] = "hunter2"
    outcome = shared_studio.run("jobs", "--json")
    findings = json.loads(shared_studio.run("doctor", "--json").out)
    del shared_studio.environment["STUDIO_RENDER_SLOT"]
    assert outcome.code == 0
    assert json.loads(outcome.out) == []
    assert outcome.err.count("did you mean STUDIO_RENDER_SLOTS?") == 1
    assert "hunter2" not in outcome.err
    (settings,) = [finding for finding in findings if finding["subject"] == "settings"]
    assert not settings["fine"]
    assert "STUDIO_RENDER_SLOTS" in settings["detail"]
