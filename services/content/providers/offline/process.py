"""Runs the heavy part of a built-in provider in a child process and hands back what it answers.

Painting, composing and speaking use the processor for seconds, and the speech engine holds the interpreter while
it works; in the service's own process that would stop its heartbeats.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import TaskFailedError

_MODULE = "services.content.providers.offline.child"
_PROJECT_ROOT = str(Path(__file__).resolve().parents[4])


def run_child(craft: str, request: Mapping[str, Any], *, provider: str, timeout_s: float) -> dict[str, Any]:
    """Let a child process do ``craft`` ("image", "voice", "music") and return its JSON answer.

    Args:
        request: JSON values only; paths as strings.
        timeout_s: The child is killed after this time; it is killed, too, when this call is interrupted.
    Raises:
        TaskFailedError: The child failed (its own code), died (``content.builtin_crashed``) or was too slow
            (``content.builtin_too_slow``).
    """
    outcome = _run([sys.executable, "-P", "-m", _MODULE, craft], json.dumps(request).encode(), timeout_s)
    if outcome.timed_out:
        raise TaskFailedError(
            f"the built-in {craft} provider did not finish within {timeout_s:.0f} s; "
            "the machine is overloaded, try again",
            code="content.builtin_too_slow",
            retryable=True,
            provider=provider,
        )
    return _answer(craft, outcome, provider)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    output: bytes
    errors: bytes
    exit_code: int
    timed_out: bool


def _run(command: list[str], request: bytes, timeout_s: float) -> _Outcome:
    """A timer of our own: under eventlet, ``subprocess`` raises a ``TimeoutExpired`` that no handler can name."""
    expired = threading.Event()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=_environment()) as process:

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout_s, expire)
        timer.daemon = True
        timer.start()
        try:
            output, errors = process.communicate(request)
        except BaseException:
            process.kill()
            raise
        finally:
            timer.cancel()
    return _Outcome(output=output, errors=errors, exit_code=process.returncode, timed_out=expired.is_set())


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


def _answer(craft: str, outcome: _Outcome, provider: str) -> dict[str, Any]:
    reply = _parsed(outcome.output)
    if "error" in reply:
        error = reply["error"]
        raise TaskFailedError(
            error["message"], code=error["code"], retryable=error["retryable"], provider=provider
        )
    if outcome.exit_code != 0 or not reply:
        *_, last_words = ["no message", *outcome.errors.decode(errors="replace").splitlines()]
        raise TaskFailedError(
            f"the built-in {craft} provider ended with code {outcome.exit_code}, please report it: {last_words}",
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
