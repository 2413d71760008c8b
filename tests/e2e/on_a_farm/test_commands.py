"""Every ``studio`` command does on a farm what it does on a data folder."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.farm import Farm
from shared.ids import new_id


class Terminal:
    """Runs ``studio … --bus ADDRESS`` with the password and account that `make farm` gives."""

    def __init__(self, studio, farm: Farm) -> None:
        settings = farm.edge_environment()
        address = urlsplit(settings["STUDIO_BUS_URL"])
        self._studio = studio
        self.bus = f"amqp://{address.username}@{address.hostname}:{address.port}{address.path}"
        self.folder: Path = studio.folder
        self.environment: dict[str, str] = studio.environment
        self.environment |= {
            "STUDIO_ACCOUNT_ID": settings["STUDIO_ACCOUNT_ID"],
            "STUDIO_BUS_PASSWORD": str(address.password),
            "STUDIO_SIGNING_KEY_FILE": settings["STUDIO_SIGNING_KEY_FILE"],
            "STUDIO_SIGNING_PINS_FILE": settings["STUDIO_SIGNING_PINS_FILE"],
        }

    def start(self, *arguments: str):
        return self._studio.start(*arguments, "--bus", self.bus)

    def run(self, *arguments: str, lines: tuple[str, ...] = ()):
        return self._studio.run(*arguments, "--bus", self.bus, lines=lines)

    def json(self, *arguments: str, types: tuple[str, ...] = ()):
        outcome = self.run(*arguments, "--json", lines=types)
        assert outcome.code == 0, outcome.err + outcome.out
        return json.loads(outcome.out)

    def as_account(self, account_id: str) -> None:
        self.environment["STUDIO_ACCOUNT_ID"] = account_id


@pytest.fixture
def terminal(studio, farm: Farm) -> Terminal:
    return Terminal(studio, farm)


def test_a_project_is_rendered_looked_at_changed_and_taken_back(terminal: Terminal, project: Callable) -> None:
    rendered = terminal.run("render", str(project(slides=2, title="On a farm")), "--out", "out", "--json")

    assert rendered.code == 0, rendered.err
    job_id = rendered.event("submitted")["job_id"]
    assert (terminal.folder / "out" / "video.mp4").stat().st_size > 1000
    assert not (terminal.folder / "data").exists(), "nothing is kept on this machine"
    assert job_id in [job["job_id"] for job in terminal.json("jobs")]
    assert terminal.json("show", job_id)["job"]["state"] == "succeeded"
    watched = terminal.run("watch", job_id, "--json")
    assert [event["sequence"] for event in watched.events if event["event"] == "fact"] == list(
        range(1, 1 + len(watched.events))
    )
    assert terminal.run("fetch", job_id, "--out", "fetched").code == 0
    assert (terminal.folder / "fetched" / "video.mp4").read_bytes() == (
        terminal.folder / "out" / "video.mp4"
    ).read_bytes()

    project_id = rendered.event("submitted")["project_id"]
    assert project_id in [each["project_id"] for each in terminal.json("projects", "list")]
    assert "On a farm" in terminal.run("projects", "show", project_id).out
    terminal.environment["EDITOR"] = "sed -i s/title:.*/title:Changed/;s/title:C/title:\\ C/"
    edited = terminal.run("projects", "edit", project_id)
    assert edited.code == 0, edited.err
    assert terminal.json("projects", "show", project_id)["draft"]["title"] == "Changed"
    assert terminal.run("projects", "delete", project_id, "--yes").code == 0
    assert terminal.run("projects", "show", project_id).code == 1


def test_a_topic_gets_another_picture_when_asked(terminal: Terminal) -> None:
    path = terminal.folder / "topic.yaml"
    path.write_text(
        "title: Bees\ntopic: How bees find flowers\nslide_count: 1\nvoice: none\nmusic: none\n"
        "style: {size: 192x128, profile: draft}\n"
    )
    first = terminal.run("render", str(path), "--out", "first", "--json")
    assert first.code == 0, first.err

    again = terminal.run(
        "regenerate", first.event("submitted")["project_id"], "--slide", "1", "--image", "--out", "again", "--json"
    )

    assert again.code == 0, again.err
    assert (terminal.folder / "again" / "poster.jpg").read_bytes() != (
        terminal.folder / "first" / "poster.jpg"
    ).read_bytes()


def test_ctrl_c_cancels_on_the_farm_and_resume_goes_on(terminal: Terminal, project: Callable) -> None:
    process = terminal.start("render", str(project(slides=6, seconds=3.0)), "--out", "out", "--json")
    for line in process.stdout:
        if json.loads(line).get("type") == "task.started.v1":
            break
    os.kill(process.pid, signal.SIGINT)
    process.stdout.read()
    assert process.wait(timeout=120) == 130
    process.stderr.close()
    job_id = terminal.json("jobs")[0]["job_id"]

    ended = terminal.run("watch", job_id, "--json")
    assert ended.events[-1]["state"] == "cancelled"
    assert terminal.json("cancel", job_id)["state"] == "cancelled"
    resumed = terminal.run("resume", job_id, "--out", "out", "--json")

    assert resumed.code == 0, resumed.err
    assert (terminal.folder / "out" / "video.mp4").exists()


def test_what_a_farm_does_itself_is_said(terminal: Terminal) -> None:
    served = terminal.run("serve")
    assert served.code == 1
    assert "farm" in served.err
    checked = terminal.run("doctor")
    assert checked.code == 0, checked.out
    for subject in ("broker", "orchestrator", "content", "object store"):
        assert subject in checked.out
    shown = terminal.run("config")
    password = terminal.environment["STUDIO_BUS_PASSWORD"]
    assert password not in shown.out + shown.err


def test_another_account_finds_nothing_of_ours(terminal: Terminal, project: Callable) -> None:
    submitted = terminal.run("render", str(project(slides=1)), "--detach", "--json").event("submitted")
    terminal.as_account(f"stranger-{new_id()}")

    assert terminal.json("jobs") == []
    assert terminal.json("projects", "list") == []
    for command in (
        ("show", submitted["job_id"]),
        ("watch", submitted["job_id"]),
        ("cancel", submitted["job_id"]),
        ("resume", submitted["job_id"]),
        ("fetch", submitted["job_id"]),
        ("render", submitted["project_id"]),
        ("projects", "show", submitted["project_id"]),
        ("projects", "delete", submitted["project_id"], "--yes"),
        ("regenerate", submitted["project_id"], "--music"),
    ):
        refused = terminal.run(*command, "--json")
        assert refused.code == 1, command
        assert refused.events[-1]["code"] == "not_found", command


def test_an_account_is_opened_and_keeps_a_key_on_the_farm(
    terminal: Terminal, farm: Farm, until: Callable[..., None]
) -> None:
    """Signed and sealed calls from the terminal to auth and keyvault; the session is kept for this broker alone."""
    email, password, provider_key = "ana@example.org", "seven calm herons wade at dawn", "sk-canary-0123-4242"
    letters = farm.processes["auth"].log_file.with_suffix("") / "data" / "mail"
    terminal.environment["XDG_CONFIG_HOME"] = str(terminal.folder / "config")

    terminal.json("account", "register", "--email", email, "--name", "Ana", types=("1990-02-28", password))
    until(lambda: any(letters.glob("*confirm_address*.eml")))
    link = next(line for line in next(letters.glob("*.eml")).read_text().splitlines() if "#" in line)
    terminal.json("account", "confirm", types=(link,))
    terminal.json("account", "login", "--email", email, types=(password,))
    key = terminal.json("keys", "add", "openai", types=(provider_key,))

    assert key["last4"] == "4242"
    assert [each["record_id"] for each in terminal.json("keys", "list")] == [key["record_id"]]
    assert terminal.run("vault", "rewrap-status", "--json").event("error")["code"] == "not_permitted"
    (kept,) = (terminal.folder / "config" / "studiomatic" / "sessions").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert not (terminal.folder / "data").exists(), "nothing else is kept on this machine"
    terminal.json("account", "logout")
    assert terminal.run("keys", "list", "--json").event("error")["code"] == "session_invalid"
