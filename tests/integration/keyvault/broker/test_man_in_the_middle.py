"""Whoever owns the broker gets no key, gives no worker a false one, and is audited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "programs" / "man_in_the_middle.py"
ROOT = Path(__file__).parents[4]
SECRET = "sk-of-the-owner-0123456789"

EXPECTED = {
    "passed_on": (SECRET, ["allowed"]),
    "swapped_one_time_key": (SECRET, ["not_genuine", "allowed"]),
    "swapped_sealed_reply": (SECRET, ["allowed"]),
    "damaged_sealed_reply": (SECRET, ["allowed"]),
    "replayed_request": ("no_answer", ["allowed", "replay"]),
    "replayed_request_after_a_restart": ("denied", ["allowed", "replay"]),
    "replayed_reply": (SECRET, ["allowed", "allowed"]),
    "rerouted_question": (SECRET, ["not_genuine", "allowed"]),
    "unsigned_question": ("not_genuine", ["not_genuine"]),
    "another_signer": ("denied", ["other_actor"]),
    "forged_grant": ("denied", ["grant_issuer"]),
    "grant_of_a_key_that_is_not_pinned": ("denied", ["grant_signature"]),
    "other_user": ("denied", ["other_account", "other_account"]),
    "other_provider": ("denied", ["other_provider"]),
    "over_its_uses": ("denied", ["allowed", "used_up"]),
    "forged_head_of_the_audit": ("kept", []),
}
"""Attack: what the worker got, and what the audit says. He takes no false answer and waits for the genuine one."""


def run(*arguments: str) -> dict[str, Any]:
    program = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert program.returncode == 0, program.stderr[-3_000:] + program.stdout[-2_000:]
    lines = [json.loads(line) for line in program.stdout.splitlines() if line.startswith('{"attack"')]
    assert SECRET not in program.stderr  # and no log has the key
    return {line["attack"]: (line["got"], line["audited"]) for line in lines}


@pytest.fixture(scope="module")
def on_rabbitmq(
    rabbitmq_module_vhost: str, postgres_module_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    return run(rabbitmq_module_vhost, postgres_module_url, str(tmp_path_factory.mktemp("farm")))


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run("memory://", "-", str(tmp_path_factory.mktemp("farm")))


@pytest.mark.parametrize("attack", EXPECTED)
def test_on_rabbitmq(on_rabbitmq: dict[str, Any], attack: str) -> None:
    assert on_rabbitmq[attack] == EXPECTED[attack]


@pytest.mark.parametrize("attack", EXPECTED)
def test_in_memory(in_memory: dict[str, Any], attack: str) -> None:
    assert in_memory[attack] == EXPECTED[attack]
