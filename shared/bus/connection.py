"""Opens connections to either broker."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

from typing import Any

from kombu.connection import Connection
from kombu.exceptions import OperationalError

from shared.bus.memory import SCHEME, register

CONNECT_TIMEOUT_S = 5.0


def is_memory(url: str) -> bool:
    """Whether the address leads to the broker inside this process."""
    return url.startswith(f"{SCHEME}:")


def connect(connection: Connection) -> Any:
    """Open a connection now; returns the wire below it, for :func:`hang_up`.

    Raises:
        kombu.exceptions.OperationalError: Nobody answers.
    """
    connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    return connection.connection


def connection_errors(connection: Connection) -> tuple[type[Exception], ...]:
    """Whatever says that a connection or channel is lost."""
    return (*connection.connection_errors, *connection.channel_errors, OperationalError, OSError)


def hang_up(wire: Any) -> None:
    """Close a connection without a farewell.

    AMQP's own farewell waits for an answer without a time limit, and a broker that is frozen, cut off or blocks
    publishers never gives one. What was not answered goes back to its queue either way.
    """
    wire.collect()


def broker_connection(url: str, *, heartbeat_s: int = 0) -> Connection:
    """A connection that is opened when first used.

    Args:
        url: ``amqp://…``, ``amqps://…`` or ``memory://``.
        heartbeat_s: Both sides give a silent connection up after two of these; 0 for connections that only send,
            which notice a loss when they wait for the confirm.
    """
    if is_memory(url):
        register()
    return Connection(url, heartbeat=heartbeat_s, connect_timeout=CONNECT_TIMEOUT_S)
