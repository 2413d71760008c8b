"""Runs the heavy part of a built-in provider in a child process and hands back what it answers.

Painting, composing and speaking use the processor for seconds, and the speech engine holds the interpreter while
it works; in the service's own process that would stop its heartbeats.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.errors import TaskFailedError

_MODULE = "services.content.providers.offline.child"
_PROJECT_ROOT = str(Path(__file__).resolve().parents[4])
_STDERR_TAIL_CHARACTERS = 1_000


def run_child(craft: str, request: Mapping[str, Any], *, provider: str, timeout_s: float) -> dict[str, Any]:
    """Let a child process do ``craft`` ("image", "voice", "music") and return its JSON answer.

    Args:
        request: JSON values only; paths as strings.
        timeout_s: The child is killed after this time.
    Raises:
        TaskFailedError: The child failed (its own code), died (``content.builtin_crashed``) or was too slow
            (``content.builtin_too_slow``).
    """
    try:
        outcome = subprocess.run(
            [sys.executable, "-m", _MODULE, craft],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=timeout_s,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TaskFailedError(
            f"the built-in {craft} provider did not finish within {timeout_s:.0f} s; "
            "the machine is overloaded, try again",
            code="content.builtin_too_slow",
            retryable=True,
            provider=provider,
        ) from None
    return _answer(craft, outcome, provider)


def _environment() -> dict[str, str]:
    """Nothing of ours but where to find modules: the child must not see any secret."""
    import_path = os.pathsep.join([_PROJECT_ROOT, *(entry for entry in sys.path if entry)])
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": import_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _answer(craft: str, outcome: subprocess.CompletedProcess[bytes], provider: str) -> dict[str, Any]:
    reply = _parsed(outcome.stdout)
    if "error" in reply:
        error = reply["error"]
        raise TaskFailedError(
            error["message"], code=error["code"], retryable=error["retryable"], provider=provider
        )
    if outcome.returncode != 0 or not reply:
        tail = outcome.stderr.decode(errors="replace")[-_STDERR_TAIL_CHARACTERS:]
        raise TaskFailedError(
            f"the built-in {craft} provider ended with code {outcome.returncode}; please report it: {tail}",
            code="content.builtin_crashed",
            retryable=True,
            provider=provider,
        )
    return reply


def _parsed(output: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(output)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}
