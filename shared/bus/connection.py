"""Opens connections to either broker."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

from kombu.connection import Connection

from shared.bus.memory import SCHEME, register

CONNECT_TIMEOUT_S = 5.0


def is_memory(url: str) -> bool:
    """Whether the address leads to the broker inside this process."""
    return url.startswith(f"{SCHEME}:")


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
