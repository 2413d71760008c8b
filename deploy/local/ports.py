"""Loopback ports that two runs on one machine never share."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

from deploy.local.errors import ServerUnavailableError

HOST = "127.0.0.1"

#: Below Linux' range of ephemeral ports (from 32768, ip(7)): while a server is down, no client socket can be given
#: its port, and a client that keeps reconnecting cannot end up connected to itself.
RANGE = range(20_000, 32_000)

_ATTEMPTS = 200


class ReservedPort:
    """A TCP port of the loopback address, reserved until closed or until this process ends.

    The reservation is the UDP port of the same number: it leaves the TCP port free for the server, also while that
    server restarts, and the kernel gives it back whatever happens to this process.
    """

    def __init__(self) -> None:
        self._holder, self.number = _reserve()

    def close(self) -> None:
        """Give the port back."""
        self._holder.close()


def accepts_connections(port: int, timeout_s: float = 1.0) -> bool:
    """Tell whether something listens on the port."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=timeout_s):
        return True
    return False


def _reserve() -> tuple[socket.socket, int]:
    chooser = random.SystemRandom()
    for _ in range(_ATTEMPTS):
        number = chooser.choice(RANGE)
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind((HOST, number))
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.bind((HOST, number))
        except OSError:
            holder.close()
            continue
        return holder, number
    raise ServerUnavailableError(
        f"No free port between {RANGE.start} and {RANGE.stop} on {HOST} after {_ATTEMPTS} tries: "
        "stop what occupies them (ss -lnt)."
    )
