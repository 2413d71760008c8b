"""Whoever owns the broker reads nothing that is sealed, and nobody believes what he says; on both brokers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs" / "owned_broker.py"
ROOT = Path(__file__).parents[4]
IN_VAIN = "infrastructure.rpc_timeout"

EXPECTED = {
    "passed_on": "right",
    "read_on_the_way": "nothing",
    "altered_question": IN_VAIN,
    "swapped_one_time_key": IN_VAIN,
    "unsigned_question": "not_genuine",
    "altered_answer": IN_VAIN,
    "altered_answer_before_the_genuine": "wrong",
    "answer_to_another_question": IN_VAIN,
    "copied_question": "once",
    "rerouted_question": "refused",
    "genuine_fact": "heard",
    "altered_fact": "set aside",
    "unsigned_fact": "set aside",
    "fact_of_another_service": "set aside",
    "rerouted_fact": "set aside",
}
"""What the caller got, or what became of it."""


def run(url: str, folder: Path) -> dict[str, str]:
    program = subprocess.run(
        [sys.executable, str(PROGRAM), url, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert program.returncode == 0, program.stderr[-3_000:] + program.stdout[-2_000:]
    lines = [json.loads(line) for line in program.stdout.splitlines() if line.startswith('{"attack"')]
    return {line["attack"]: line["outcome"] for line in lines}


@pytest.fixture(scope="module")
def on_rabbitmq(rabbitmq_module_vhost: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return run(rabbitmq_module_vhost, tmp_path_factory.mktemp("farm"))


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return run("memory://", tmp_path_factory.mktemp("farm"))


@pytest.mark.parametrize("attack", EXPECTED)
def test_on_rabbitmq(on_rabbitmq: dict[str, str], attack: str) -> None:
    assert on_rabbitmq[attack] == EXPECTED[attack]


@pytest.mark.parametrize("attack", EXPECTED)
def test_in_memory(in_memory: dict[str, str], attack: str) -> None:
    assert in_memory[attack] == EXPECTED[attack]
