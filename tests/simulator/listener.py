"""A port on loopback and the threads that serve it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

from tests.simulator.clock import VirtualClock
from tests.simulator.connection import Connection
from tests.simulator.reading import Request, requests

#: Takes a request and its connection, answers on it, and returns whether the connection may be used again.
Serve = Callable[[Request, Connection], bool]


class Listener:
    """A port on loopback; each connection is served by a thread of its own until ``stop``.

    Args:
        serve: Answers one request.
        address: Which loopback address.
        port: Which port; 0 = any free one.
        tls: Wraps each connection, when given.
    """

    def __init__(
        self,
        serve: Serve,
        clock: VirtualClock,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._serve, self._clock, self._tls = serve, clock, tls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port), family=family, backlog=256)
        self.address, self.port = self._socket.getsockname()[:2]
        self._acceptor = threading.Thread(target=self._accept, name=f"simulator-{self.port}", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Close the port and every connection, and wait for all threads."""
        self._stopped.set()
        _close(self._socket)
        self._acceptor.join()
        with self._lock:
            threads = list(self._threads)
            for sock in self._open:
                _shut(sock)
        for thread in threads:
            thread.join()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._attend, args=(sock,), daemon=True)
            with self._lock:
                self._open.add(sock)
                self._threads.add(thread)
            thread.start()

    def _attend(self, sock: socket.socket) -> None:
        raw = sock
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._replace(raw, sock)
            connection = Connection(sock, self._clock, self._stopped)
            for request in requests(sock):
                if not self._serve(request, connection):
                    return
        except OSError:
            return  # the client does not trust the certificate, or has gone
        finally:
            with self._lock:
                self._open -= {raw, sock}
                self._threads.discard(threading.current_thread())
            _close(sock)

    def _replace(self, raw: socket.socket, wrapped: socket.socket) -> None:
        with self._lock:
            self._open.discard(raw)
            self._open.add(wrapped)
        if self._stopped.is_set():
            _shut(wrapped)


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already


def _close(sock: socket.socket) -> None:
    _shut(sock)
    sock.close()
