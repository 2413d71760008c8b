"""``python -m services`` refuses in one line what cannot be a part of a farm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BROKER = {"STUDIO_BUS_URL": "amqp://nobody:nothing@127.0.0.1:1/studio"}
BUCKET = {"STUDIO_S3_BUCKET": "studio", "STUDIO_S3_ACCESS_KEY": "a", "STUDIO_S3_SECRET_KEY": "s"}


def run(*names: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *names],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("service", "environment", "remedy"),
    [
        ("renderer", {}, "set STUDIO_BUS_URL=amqp://"),
        ("renderer", BROKER, "set STUDIO_S3_BUCKET and its keys"),
        ("content", BROKER | BUCKET, "set STUDIO_DATABASE_URL=postgresql"),
        ("renderer", BROKER | BUCKET | {"STUDIO_SIGNING_KEY_FILE": "/key"}, "STUDIO_SIGNING_PINS_FILE together"),
    ],
)
def test_what_only_works_in_one_process_is_refused_with_the_remedy(
    service: str, environment: dict[str, str], remedy: str
) -> None:
    done = run(service, **environment)
    assert done.returncode == 1
    assert remedy in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("[configuration]\n")
    assert done.stderr.count("\n") == 1


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    done = run("renderer", "nobody")
    assert done.returncode == 2
    assert "usage: python -m services" in done.stderr
    assert all(known in done.stderr for known in ("content", "orchestrator", "renderer"))
