"""Nameko runs on the broker as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).parent / "programs" / "nameko_services.py"
PATIENCE_S = 60


def test_calls_and_events_work_and_do_so_again_after_all_connections_were_closed(broker: Any) -> None:
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), broker.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "close connections\n"
            broker.close_all_connections()
            output, _ = program.communicate("closed\n", timeout=PATIENCE_S)
        finally:
            program.kill()
    seen = json.loads(output)
    assert seen["before"] == {
        "greeting": "hello ada",
        "error": "LookupError",
        "unknown": True,
        "events": list(range(20)),
    }
    assert seen["after"] == seen["before"]
