"""A real farm, the example programs as a reader would start them, and `studio` as a person at a terminal would."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.farm import Farm
from deploy.local.servers import Servers

EXAMPLES = Path(__file__).parents[3] / "examples"
PATIENCE_S = 120.0


class Program:
    """A running example and the lines it prints."""

    def __init__(self, script: str, *arguments: str, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / script), *arguments],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def line(self, *words: str) -> str:
        """Wait for a line that holds all these words."""
        passed = []
        while (line := self._lines.get(timeout=PATIENCE_S)) is not None:
            if all(word in line for word in words):
                return line
            passed.append(line)
        raise AssertionError(f"ended without {words}:\n{''.join(passed)}")

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns the exit status and what it printed since."""
        status = self._process.wait(timeout=PATIENCE_S)
        self._reader.join()
        rest = []
        while (line := self._lines.get_nowait()) is not None:
            rest.append(line)
        return status, "".join(rest)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)


@pytest.fixture(scope="module")
def farm(servers: Servers) -> Iterator[Farm]:
    """A running farm that the tests of one file share."""
    farm = Farm(servers, stop_grace_s=5)
    try:
        farm.start()
        yield farm
    finally:
        farm.close()


@pytest.fixture
def run(farm: Farm) -> Iterator[Callable[..., Program]]:
    """Starts an example with the farm's settings; what still runs at the end of the test is killed."""
    programs = []

    def started(script: str, *arguments: str) -> Program:
        programs.append(Program(script, *arguments, environment=farm.edge_environment()))
        return programs[-1]

    yield started
    for program in programs:
        program.close()
