"""A green process: its writes wait without stopping others, and end when nobody reads any more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "programs" / "pipes.py"


def test_a_write_to_a_pipe_that_nobody_reads_ends_with_an_error() -> None:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, timeout=60, check=False)

    assert json.loads(done.stdout or "null") == {
        "write": "broken pipe",
        "popen": "broken pipe",
        "communicate": "went on",
    }, done.stderr
