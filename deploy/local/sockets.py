"""Which TCP sockets a process has, as Linux tells in ``/proc`` (proc(5), ``/proc/net/tcp``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_LISTENING = "0A"
_LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


@dataclass(frozen=True, kw_only=True)
class TcpSocket:
    """One TCP socket.

    Attributes:
        port: Its own end.
        loopback: Whether it is bound to the loopback address.
        listening: Whether it accepts connections.
    """

    port: int
    loopback: bool
    listening: bool


def tcp_sockets(pid: int) -> list[TcpSocket]:
    """List the TCP sockets of a process; none if there is no such process."""
    try:
        rows = [row.split() for name in ("tcp", "tcp6") for row in _table(pid, name)]
        inodes = _socket_inodes(pid)
    except (FileNotFoundError, ProcessLookupError):
        return []
    # Columns: number, own address, other address, state, …, and the inode as the tenth.
    return [_socket(own, state) for _, own, _, state, _, _, _, _, _, inode, *_ in rows if inode in inodes]


def _table(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]


def _socket(address: str, state: str) -> TcpSocket:
    host, port = address.split(":")
    return TcpSocket(port=int(port, 16), loopback=host in _LOOPBACK, listening=state == _LISTENING)


def _socket_inodes(pid: int) -> set[str]:
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            found.add(target[len("socket:[") : -1])
    return found
