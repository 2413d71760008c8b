"""The broker in a process of green threads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "programs" / "green_threads.py"


@pytest.fixture(scope="module")
def seen() -> Any:
    done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_a_busy_publisher_lets_others_run(seen: Any) -> None:
    """At least once in a hundred messages."""
    assert seen["turns"] >= 20


def test_messages_expire_while_the_process_waits(seen: Any) -> None:
    assert seen["expired"]


def test_waiting_readers_use_less_than_one_per_cent_of_a_processor(seen: Any) -> None:
    assert seen["idle_share"] < 0.01
