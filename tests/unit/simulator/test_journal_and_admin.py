"""The journal tells everything; the admin port tells it to other processes."""

from __future__ import annotations

import base64
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.fixtures.shelf import NAMES, fixture

ROOT = Path(__file__).parents[3]


def test_the_journal_has_the_key_the_body_the_times_and_the_end(simulator, client):
    client.ask("minimax", "voice", "v1", "anna")
    [exchange] = simulator.journal.exchanges()
    assert exchange.header("authorization") == f"Bearer {exchange.key}"
    assert (exchange.host, exchange.endpoint, exchange.case, exchange.user) == ("minimax", "voice", "v1", "anna")
    assert exchange.json["text"].startswith("Rain")
    simulator.journal.wait_for(lambda _: exchange.ending)
    assert exchange.arrived_s <= exchange.headers_s <= exchange.ended_s
    assert (exchange.status, exchange.answered_as, exchange.ending) == (200, "scenario 1", "complete")


def test_the_journal_can_be_asked_and_forgotten_from_outside(simulator, client):
    client.ask("zai", "chat", "t14", "anna")
    client.ask("zai", "models")
    [told] = client.send("admin", "GET", "/journal?host=zai&endpoint=chat").json
    assert told["key"] == simulator.key("zai", "t14", "anna")
    assert b"glm-5.3" in base64.b64decode(told["body_base64"])
    client.send("admin", "DELETE", "/journal")
    assert client.send("admin", "GET", "/journal").json == []


def test_waiting_for_the_journal_ends_with_what_is_in_it(simulator, client):
    client.ask("zai", "models")
    with pytest.raises(TimeoutError, match="zai GET /api/paas/v4/models"):
        simulator.journal.wait_for(lambda all_: len(all_) > 5, within_s=0.01)


def test_violations_are_told_from_outside(client):
    client.ask("zai", "chat", temperature=9)
    assert "body.temperature is 9" in client.send("admin", "GET", "/violations").json[0]


def test_the_clock_is_moved_from_outside(simulator, client):
    before = simulator.clock.now()
    client.send("admin", "POST", "/clock", {"advance_s": 3600})
    assert (simulator.clock.now() - before).total_seconds() == 3600


def test_the_clock_runs_at_any_speed(simulator, client):
    client.send("admin", "POST", "/clock", {"speed": 1_000_000})
    first = simulator.clock.now()
    assert simulator.clock.now() > first
    client.send("admin", "POST", "/clock", {"speed": 0})
    assert simulator.clock.now() == simulator.clock.now()


def test_the_cases_are_told_with_a_key_that_works(simulator, client, headers_of):
    cases = client.send("admin", "GET", "/cases").json
    assert set(cases) == {"minimax", "zai", "elevenlabs", "openai", "compatible"}
    key = cases["elevenlabs"]["k7"]["key"]
    assert client.send("elevenlabs", "GET", "/v1/models", None, headers_of("elevenlabs", key)).status == 401


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_is_told_as_it_was_served(client, name):
    assert client.send("admin", "GET", f"/fixtures/{name}").body == fixture(name)


def test_a_reset_begins_every_sequence_anew(client):
    client.ask("zai", "chat", "t14-once", "anna")
    client.send("admin", "POST", "/reset")
    assert [client.ask("zai", "chat", "t14", "anna").status for _ in range(3)] == [429, 429, 200]


def test_the_program_tells_its_ports_and_stops_at_once():
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.simulator"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={"PATH": ""}
    )
    assert program.stdout is not None
    lines = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(program.stdout.readline())
        assert lines[-1], "the program ended before it had told everything"
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=30)
    assert program.returncode == 0
    assert any("minimax " in line and "http://127.0.0.1:" in line for line in lines)
    assert any("/journal" in line for line in lines)
