"""Connections of urllib3 that go to an address that was checked, and that a watch can end."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from services.content.providers.http.guard import Destination
from services.content.providers.http.watch import Watch


def open_connection(
    destination: Destination, watch: Watch, connect_s: float, trust: ssl.SSLContext
) -> HTTPConnection:
    """A connection that is not yet made. It is used once: a request must never meet a line that is half dead."""
    if destination.scheme == "https":
        return _Encrypted(
            destination.host,
            destination.port,
            ssl_context=trust,
            cert_reqs=ssl.CERT_REQUIRED,
            destination=destination,
            watch=watch,
            connect_s=connect_s,
        )
    return _Plain(destination.host, destination.port, destination=destination, watch=watch, connect_s=connect_s)


class _ToCheckedAddress(HTTPConnection):
    """Connects to the addresses of its destination, in their order, and looks nothing up."""

    def __init__(
        self, *args: Any, destination: Destination, watch: Watch, connect_s: float, **options: Any
    ) -> None:
        super().__init__(*args, timeout=None, **options)
        self._destination = destination
        self._watch = watch
        self._connect_s = connect_s

    def _new_conn(self) -> socket.socket:
        failure: OSError = OSError("the host has no address")
        for address in self._destination.addresses:
            try:
                return self._connected(address)
            except OSError as error:
                failure = error
        raise failure

    def _connected(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._watch.hold(line)
            line.settimeout(self._connect_s)
            line.connect((address, self._destination.port))
            line.settimeout(None)
            with contextlib.suppress(OSError):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            line.close()
            raise
        return line


class _Plain(_ToCheckedAddress):
    """Without encryption."""


class _Encrypted(_ToCheckedAddress, HTTPSConnection):
    """With TLS; the certificate must be good for the host's name."""
