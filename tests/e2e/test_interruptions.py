"""Whatever is pulled, nothing is lost and nothing that was stored is made twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest


def events_until(process, wanted: str, *, stage: str | None = None) -> list[dict]:
    """Read a command's lines until a fact of that type (and stage) appears."""
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        fact = events[-1]
        if fact.get("type") == wanted and stage in (None, fact["data"].get("stage")):
            return events
    raise AssertionError(f"{wanted} never came; the last was {events[-1:]}")


@pytest.mark.parametrize("stage", ["render", "assembly"])
def test_after_kill_9_of_the_runtime_the_job_goes_on_and_makes_nothing_twice(studio, project, stage: str) -> None:
    process = studio.start("render", str(project(slides=5, seconds=2.0)), "--out", "out", "--json")
    events_until(process, "task.started.v1", stage=stage)

    studio.kill_runtime()

    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    assert (studio.folder / "out" / "video.mp4").exists()
    job_id = json.loads(out.splitlines()[-1])["job_id"]
    explanation = json.loads(studio.run("show", job_id, "--json").out)
    for task in explanation["tasks"]:
        assert sum(attempt["accepted"] for attempt in task["attempts"]) == 1
        accepted_before_the_kill = next(a for a in task["attempts"] if a["accepted"])["attempt"] == 1
        assert len({a["attempt"] for a in task["attempts"]}) == 1 or not accepted_before_the_kill


def test_a_runtime_killed_with_nobody_watching_is_continued_by_the_next(studio, project, until) -> None:
    job_id = studio.run("render", str(project(slides=6, seconds=4.0)), "--detach", "--json").event("submitted")[
        "job_id"
    ]
    first = studio.start("serve", "--until-idle")
    until(lambda: bool(studio.runtime_pids()))
    watching = studio.start("watch", job_id, "--json")
    events_until(watching, "task.started.v1")
    studio.kill_runtime()
    first.communicate(timeout=30)
    watching.communicate(timeout=30)

    assert studio.run("serve", "--until-idle").code == 0

    explanation = json.loads(studio.run("show", job_id, "--json").out)
    assert explanation["job"]["state"] == "succeeded"


def test_a_runtime_killed_while_pictures_are_made_is_continued_without_waiting_for_the_dead(studio) -> None:
    path = studio.folder / "pictures.yaml"
    slides = "".join(f"  - {{image_prompt: a forest number {n}, seconds: 1}}\n" for n in range(4))
    path.write_text(
        f"title: T\nstyle: {{size: 1280x720, profile: draft}}\nvoice: none\nmusic: none\nslides:\n{slides}"
    )
    process = studio.start("render", str(path), "--out", "out", "--json")
    events_until(process, "task.started.v1", stage="images")

    studio.kill_runtime()

    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err


def test_ctrl_c_right_after_submitting_cancels_too(studio, project) -> None:
    process = studio.start("render", str(project(slides=6, seconds=3.0)), "--out", "out", "--json")
    for line in process.stdout:
        if json.loads(line)["event"] == "submitted":
            break

    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    job_id = json.loads(out.splitlines()[-1])["job_id"]
    state = json.loads(studio.run("show", job_id, "--json").out)["job"]["state"]
    assert state in ("cancelling", "cancelled")


def test_ctrl_c_cancels_and_tells_how_to_go_on(studio, project) -> None:
    process = studio.start("render", str(project(slides=6, seconds=3.0)), "--out", "out", "--json")
    events_until(process, "task.started.v1")

    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    last = json.loads(out.splitlines()[-1])
    assert last["event"] == "cancelled"
    assert last["resume"] == f"studio resume {last['job_id']}"
    resumed = studio.run("resume", last["job_id"], "--out", "out")
    assert resumed.code == 0, resumed.err
    assert (studio.folder / "out" / "video.mp4").exists()


def test_render_children_die_with_a_killed_runtime(studio, project, until, gone) -> None:
    process = studio.start("render", str(project(slides=3, seconds=5.0)), "--detach", "--json")
    process.communicate(timeout=60)
    serve = studio.start("serve", "--until-idle")
    (pid,) = _wait_for_runtime(studio, until)
    until(lambda: bool(_children(pid)))
    children = _children(pid)

    studio.kill_runtime()
    serve.communicate(timeout=30)

    until(lambda: all(gone(child) for child in children), seconds=20)


def _wait_for_runtime(studio, until) -> list[int]:
    until(lambda: bool(studio.runtime_pids()))
    return studio.runtime_pids()


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def test_a_second_runtime_is_refused_while_one_serves(studio, until) -> None:
    serving = studio.start("serve")
    _wait_for_runtime(studio, until)
    until(lambda: "error" not in studio.run("jobs", "--json").out)

    second = studio.run("serve")

    assert second.code == 1
    assert "only one can" in second.err
    serving.terminate()
    serving.communicate(timeout=60)


def test_two_terminals_share_one_data_folder_without_a_lock_error(studio, project, until) -> None:
    """Twenty submits, watches and cancels at once, from processes of their own and from threads."""
    from shared.config import Settings
    from studiomatic.client import FolderClient
    from studiomatic.data_folder import DataFolder

    studio.run("render", str(project(slides=1)), "--out", "out")
    client = FolderClient(Settings(data_dir=studio.data))
    (listed,) = client.list_projects().projects
    failures: list[Exception] = []
    jobs: dict[str, set[str]] = {f"key-{n % 10}": set() for n in range(20)}
    watching: dict[str, subprocess.Popen[str]] = {}
    lock = threading.Lock()

    def work(number: int) -> None:
        try:
            own = FolderClient(Settings(data_dir=studio.data))
            key = f"key-{number % 10}"
            job_id = own.submit(listed.project_id, idempotency_key=key)
            with lock:
                jobs[key].add(job_id)
            if number % 4 == 0:
                watching[job_id] = studio.start("watch", job_id, "--json")
            if number % 3 == 0:
                own.cancel(job_id)
            list(own.list_jobs().jobs)
            own.get_job(job_id)
            own.close()
        except Exception as error:  # noqa: BLE001  # told below, by the thread that asserts
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    terminals = [studio.start("jobs", "--json") for _ in range(4)]
    until(lambda: not DataFolder(studio.data).is_served())  # the runtime of the render has ended
    served = studio.start("serve")
    until(DataFolder(studio.data).is_served)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outputs = [terminal.communicate(timeout=120) for terminal in terminals]
    watched = {job_id: watch.communicate(timeout=170) for job_id, watch in watching.items()}
    until(lambda: all(job.state.is_terminal for job in client.list_jobs().jobs))
    served.terminate()
    _, log = served.communicate(timeout=60)
    client.close()

    assert failures == []
    assert all(terminal.returncode == 0 for terminal in terminals), outputs
    assert len(watched) == 5
    for job_id, (facts, errors) in watched.items():
        assert "is locked" not in facts + errors
        assert_told_to_the_end(job_id, [json.loads(line) for line in facts.splitlines()])
    assert "is locked" not in log  # SQLite's words; a starved machine may log a loop that was blocked
    assert all(len(ids) == 1 for ids in jobs.values()), "one job for each key"
    states = {job["job_id"]: job["state"] for job in json.loads(studio.run("jobs", "--json", "--limit", "50").out)}
    assert {states[next(iter(ids))] for ids in jobs.values()} <= {"succeeded", "cancelled"}


def assert_told_to_the_end(job_id: str, events: list[dict]) -> None:
    """A watcher saw every fact of its job once, in order, up to the last."""
    facts = [event for event in events if event["event"] == "fact"]
    assert [fact["sequence"] for fact in facts] == list(range(1, len(facts) + 1))
    assert {fact["data"]["job_id"] for fact in facts} == {job_id}
    assert facts[-1]["type"] in ("job.succeeded.v1", "job.cancelled.v1")


def test_cancelling_while_the_video_is_assembled_publishes_nothing_and_can_be_resumed(
    studio, project, until, gone
) -> None:
    """The render child is stopped with the video half written, so that the cancel finds it at work."""
    submitted = studio.run("render", str(project(slides=6, seconds=4.0)), "--detach", "--json")
    job_id = submitted.event("submitted")["job_id"]
    serve = studio.start("serve")
    (runtime,) = _wait_for_runtime(studio, until)
    child = _stop_while_it_writes("out/video.mp4", lambda: _children(runtime), until)
    assembly = task_of(studio, job_id, "assembly")
    assert assembly["state"] == "running"

    cancelled = studio.run("cancel", job_id, "--json")

    assert cancelled.code == 0, cancelled.err
    until(lambda: gone(child))
    until(lambda: json.loads(studio.run("show", job_id, "--json").out)["job"]["state"] != "cancelling")
    job = json.loads(studio.run("show", job_id, "--json").out)["job"]
    assert (job["state"], job["files"]) == ("cancelled", [])
    assert task_of(studio, job_id, "assembly")["state"] == "cancelled"
    assert not [path for path in (studio.data / "storage").rglob(f"*{job_id}*/**/*") if path.is_file()]
    assert "no video" in studio.run("fetch", job_id, "--out", "early").err

    resumed = studio.run("resume", job_id, "--out", "out", "--json")
    assert resumed.code == 0, resumed.err
    assert (studio.folder / "out" / "video.mp4").exists()
    segments = [task for task in explained(studio, resumed.events[-1]["job_id"]) if task["stage"] == "render"]
    assert all(task["reused"] for task in segments), "only the assembly was left to do"
    serve.terminate()
    serve.communicate(timeout=60)


def _stop_while_it_writes(name: str, children: Callable[[], list[int]], until: Callable[..., None]) -> int:
    """Stop the child that has a file of that name open, while it has it open; returns its pid."""
    stopped: list[int] = []

    def stop() -> bool:
        for child in children():
            if _has_open(child, name):
                os.kill(child, signal.SIGSTOP)
                if _has_open(child, name):
                    stopped.append(child)
                    return True
                os.kill(child, signal.SIGCONT)
        return False

    until(stop)
    return stopped[0]


def _has_open(pid: int, name: str) -> bool:
    try:
        return any(str(descriptor.readlink()).endswith(name) for descriptor in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def explained(studio, job_id: str) -> list[dict]:
    tasks: list[dict] = json.loads(studio.run("show", job_id, "--json").out)["tasks"]
    return tasks


def task_of(studio, job_id: str, stage: str) -> dict:
    (task,) = [task for task in explained(studio, job_id) if task["stage"] == stage]
    return task


def test_after_a_finished_job_no_message_and_no_lease_is_left(studio, project, until) -> None:
    studio.run("render", str(project(slides=2)), "--out", "out")
    until(lambda: not studio.runtime_pids())

    for service in ("orchestrator", "content"):
        with sqlite3.connect(studio.data / "db" / f"{service}.sqlite3") as database:
            assert database.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchone() == (0,)
    with sqlite3.connect(studio.data / "db" / "orchestrator.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM tasks WHERE lease_until IS NOT NULL").fetchone() == (0,)
        counts = database.execute("SELECT sum(ready), sum(dispatched), sum(running) FROM pool_shares").fetchone()
    assert counts == (0, 0, 0)
