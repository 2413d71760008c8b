"""What keeps a processor busy does not stop a green process, and needs no event loop elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from shared.bus.offloading import offload

PROGRAM = Path(__file__).parent / "programs" / "offloaded.py"


def test_a_green_process_goes_on_while_a_call_is_made_elsewhere() -> None:
    """Argon2id takes its time; remote calls of others are answered meanwhile."""
    ran = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, timeout=120, check=False)

    assert json.loads(ran.stdout or "null") == {
        "went_on": True,
        "elsewhere": True,
        "failure": "as it was",
    }, ran.stderr


def test_where_threads_are_ordinary_it_is_a_plain_call() -> None:
    assert offload(threading.get_ident) == threading.get_ident()
