"""Keyvault in a process that is killed, and the desk of its unit tests on the same database to look at what is left."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.keyvault.crypto.keyring_files import make_keyring
from shared.clock import FixedClock
from shared.contracts.message import Query
from shared.db import open_database
from shared.migrate import migrate
from shared.service_keys import ensure_keys

PROGRAM = Path(__file__).parent / "program.py"
ROOT = Path(__file__).parents[3]
_UNIT = runpy.run_path(str(ROOT / "tests/unit/keyvault/desk/conftest.py"))


class Program:
    """A running program, and what can be asked of it."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )

    def ask(
        self, query: Query | str, *, account: str = "", signer: str = "edge", kill_at: int | None = None,
        job: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        question = {"ask": query, "account": account, "signer": signer, "kill_at": kill_at, "job": job}
        if isinstance(query, Query):
            question |= {"ask": query.type, "data": query.model_dump(mode="json")}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Any]:
    """What looks at the database, in this process."""
    database = open_database(database_url, schema="keyvault")
    migrate(database, "keyvault")
    make_keyring(tmp_path / "keyring.json")
    keys = ensure_keys(tmp_path / "keys", _UNIT["SERVICES"])
    yield _UNIT["Desk"](database, tmp_path / "keyring.json", FixedClock(), dict(keys.signers))
    database.close()


@pytest.fixture
def program(database_url: str, desk: Any, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts keyvault as a process; `stay` lets one process answer everything."""
    running: list[Program] = []

    def start(how: str = "fork") -> Program:
        arguments = [database_url, str(desk.keyring_path), str(tmp_path / "keys"), how]
        running.append(Program(arguments))
        return running[-1]

    yield start
    for each in running:
        each.end()
