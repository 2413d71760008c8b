"""Telling a running broker what to do, in milliseconds: a resident ``rabbitmqctl eval``."""

from __future__ import annotations

import base64
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import ServerCommandError
from deploy.local.programs import find_program

_SCRIPT = Path(__file__).with_name("rabbitmq_control.escript")


def erlang_binary(text: str) -> str:
    """Write text as an Erlang binary, safe inside an expression."""
    return f"<<{','.join(map(str, text.encode()))}>>"


class RabbitMQControl:
    """An Erlang node of our own beside the broker, reached over pipes; it ends when the pipe closes.

    Args:
        node: Name of the broker's node.
        environment: The broker's ERL_EPMD_PORT and HOME, where the shared cookie is.
        log: File for what Erlang itself has to say.
        keep_open: Descriptors that stay open as long as the node may live.
    """

    def __init__(
        self, *, node: str, environment: Mapping[str, str], log: Path, keep_open: tuple[int, ...]
    ) -> None:
        self._lock = threading.Lock()
        escript = find_program("escript")
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [escript, _SCRIPT, node],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=keep_open,
                start_new_session=True,
            )

    def evaluate(self, expression: str) -> str:
        """Evaluate an Erlang expression in the broker's node and return its value as text.

        Raises:
            ServerCommandError: The node is away, or the value is ``{error, Reason}``.
        """
        outcome, _, value = self._exchange(f"{expression}.").partition(" ")
        text = base64.b64decode(value).decode(errors="replace")
        if outcome != "ok":
            raise ServerCommandError(f"RabbitMQ refused {expression[:200]}: {text or 'its control process ended'}")
        return text

    def close(self) -> None:
        """End the control node."""
        self._process.communicate()

    def _exchange(self, source: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - pipes
        with self._lock:
            self._process.stdin.write(base64.b64encode(source.encode()) + b"\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().decode().strip()
