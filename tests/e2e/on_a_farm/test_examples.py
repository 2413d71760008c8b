"""The example programs do what they say, on a real farm."""

from __future__ import annotations

import ast
import json
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.farm import Farm
from shared.contracts.jobs import JobState
from studiomatic import Client

Run = Callable[..., Any]

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
GOLDEN = ROOT / "tests" / "contract" / "messages" / "golden"
ROWS = 20
ONE_ROW = "topic,language,slides,narrated,music,size,profile\n{topic},en,1,no,none,256x144,draft\n"


def client_of(farm: Farm) -> Client:
    settings = farm.edge_environment()
    return Client(settings["STUDIO_BUS_URL"], settings["STUDIO_ACCOUNT_ID"])


def jobs_of(farm: Farm) -> set[str]:
    with client_of(farm) as client:
        return {job.job_id for job in client.list_jobs(limit=500).jobs}


def test_publish_and_follow_fetches_a_video_and_again_the_same_one(run: Run, farm: Farm, tmp_path: Path) -> None:
    before = jobs_of(farm)

    first, second = (run("publish_and_follow.py", str(tmp_path / name)).end() for name in ("first", "second"))

    assert first[0] == second[0] == 0, first[1] + second[1]
    sequences = [int(number) for number in re.findall(r"^ *(\d+) (?:job|task)\.", first[1], flags=re.MULTILINE)]
    assert sequences == list(range(1, len(sequences) + 1))
    assert "job.succeeded" in first[1]
    videos = [(tmp_path / name / "video.mp4").read_bytes() for name in ("first", "second")]
    assert videos[0][4:8] == b"ftyp"
    assert videos[0] == videos[1]
    assert len(jobs_of(farm) - before) == 1


def test_a_subscriber_without_studiomatic_hears_of_videos_also_of_those_made_while_it_was_away(
    run: Run, farm: Farm, tmp_path: Path
) -> None:
    table = tmp_path / "one.csv"
    table.write_text(ONE_ROW.format(topic="Tides"))
    subscriber = run("subscribe_with_plain_pika.py", "away")
    subscriber.line("listening")
    subscriber.close()

    status, printed = run("batch_from_csv.py", str(table)).end()
    assert status == 0, printed
    job_id = printed.split()[0]

    assert "video.mp4" in run("subscribe_with_plain_pika.py", "away").line(job_id, "ready:")


def test_a_subscriber_without_studiomatic_connects_again(run: Run, farm: Farm, tmp_path: Path) -> None:
    table = tmp_path / "one.csv"
    table.write_text(ONE_ROW.format(topic="Rivers"))
    subscriber = run("subscribe_with_plain_pika.py", "steady")
    subscriber.line("listening")

    farm.rabbitmq.control('rabbit_networking:close_all_user_connections(<<"edge">>, <<"a test pulls the plug">>)')
    subscriber.line("connecting again")
    subscriber.line("listening")
    status, printed = run("batch_from_csv.py", str(table)).end()

    assert status == 0, printed
    subscriber.line(printed.split()[0], "ready:")


def test_a_batch_of_twenty_ends_well_and_a_second_run_makes_no_second_job(run: Run, farm: Farm) -> None:
    before = jobs_of(farm)

    first, second = (run("batch_from_csv.py").end() for _ in range(2))

    assert first[0] == second[0] == 0, first[1] + second[1]
    assert first == second
    made = {line.split()[0] for line in first[1].splitlines()}
    assert len(made) == ROWS
    assert made == jobs_of(farm) - before
    with client_of(farm) as client:
        assert {client.get_job(job_id).state for job_id in made} == {JobState.SUCCEEDED}


def test_the_subscriber_needs_nothing_of_studiomatic() -> None:
    tree = ast.parse((EXAMPLES / "subscribe_with_plain_pika.py").read_text())

    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        )
    }

    assert imported - sys.stdlib_module_names == {"pika"}


def test_the_subscriber_reads_the_messages_that_are_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUDIO_ACCOUNT_ID", "demo")
    handle, seen = runpy.run_path(str(EXAMPLES / "subscribe_with_plain_pika.py"))["handle"], set()
    succeeded, failed = (
        json.loads((GOLDEN / f"job.{how}.v1.json").read_text()) for how in ("succeeded", "failed")
    )

    for fact in (succeeded, succeeded, failed | {"id": "another"}, failed | {"id": "x", "accountid": "somebody"}):
        handle(fact, seen)

    ready, broken = capsys.readouterr().out.splitlines()
    assert ready == f"{succeeded['jobid']} ready: video.mp4"
    assert broken == f"{failed['jobid']} failed: {failed['data']['error']['message']}"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short_and_says_what_to_set(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) < 60
    assert "STUDIO_BUS_URL" in text.split('"""')[1]
