"""Writes to pipes whose readers are gone, in a green process; prints what came of it as JSON."""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import json
import os
import subprocess
import sys
from collections.abc import Callable

import eventlet

QUITTER = [sys.executable, "-c", "import os; os.close(0)"]
MUCH = b"x" * 2_000_000


def main() -> None:
    with eventlet.Timeout(20):
        print(json.dumps({"write": outcome(write), "popen": outcome(popen), "communicate": outcome(communicate)}))


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except BrokenPipeError:
        return "broken pipe"
    return "went on"


def write() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.write(writer, b"x")


def popen() -> None:
    """A child that ended before it was written to."""
    with subprocess.Popen(QUITTER, stdin=subprocess.PIPE) as process:
        process.wait()
        process.stdin.write(MUCH)
        process.stdin.flush()


def communicate() -> None:
    """A child that reads nothing of much; the standard library swallows the broken pipe."""
    with subprocess.Popen(QUITTER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.communicate(MUCH)


main()
