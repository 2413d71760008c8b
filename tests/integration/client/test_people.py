"""People at a terminal are told that the broker is away, and that it is back, once each."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.local.rabbitmq import RabbitMQ

ACCOUNT = "account-a"


def test_a_watch_says_that_the_broker_is_away_and_back_and_ends_well(
    url: str, orchestrator: Any, rabbitmq: RabbitMQ, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    job = orchestrator.new_job()
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", "studiomatic", "watch", job],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "STUDIO_BUS_URL": url,
            "STUDIO_ACCOUNT_ID": ACCOUNT,
            "COLUMNS": "200",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as watch:
        reader = threading.Thread(target=lambda: said.extend(watch.stderr or ()))
        reader.start()
        eventually(lambda: orchestrator.answered >= 2, within_s=60)
        rabbitmq.kill()
        eventually(lambda: len(said) == 1, within_s=60)
        orchestrator.work(job, 3)
        rabbitmq.start()
        orchestrator.succeed(job)
        assert watch.wait(100) == 0
        reader.join()
    assert [("waiting for it" in line, "connected to" in line) for line in said] == [(True, False), (False, True)]
    assert "edge-password" not in "".join(said)
