"""An answer on its way over a socket, exactly as told, the broken ways included."""

from __future__ import annotations

import http.server
import itertools
import math
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from tests.simulator.answer import Answer, Pause
from tests.simulator.clock import VirtualClock

#: How often a waiting connection looks at the clock, at its client and at the stop signal [s].
GLANCE_S = 0.005
_REASONS = http.server.BaseHTTPRequestHandler.responses


class ClientClosedError(Exception):
    """The client has closed the connection while the answer was under way."""


class StoppedError(Exception):
    """The simulator was stopped while the answer was under way."""


class Connection:
    """The socket of one client, with the means to wait, to send and to break off."""

    def __init__(self, sock: socket.socket, clock: VirtualClock, stopped: threading.Event) -> None:
        self._sock, self._clock, self._stopped = sock, clock, stopped

    def wait_until(self, moment: datetime | None) -> None:
        """Wait until the virtual clock says so; ``None`` = until the client goes.

        Raises:
            ClientClosedError, StoppedError: That came first.
        """
        while moment is None or self._clock.now() < moment:
            if self._stopped.wait(GLANCE_S):
                raise StoppedError
            if self._client_is_gone():
                raise ClientClosedError

    def send(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except OSError:
            raise (StoppedError if self._stopped.is_set() else ClientClosedError) from None

    def reset(self) -> None:
        """Close so that the other side gets RST: linger on, for no time (socket(7))."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def _client_is_gone(self) -> bool:
        waiting = select.poll()  # select() takes no descriptor from 1024 on
        waiting.register(self._sock, select.POLLIN)
        if not waiting.poll(0):
            return False
        if isinstance(self._sock, ssl.SSLSocket):
            return True  # nothing is due from a client that waits, except its farewell
        try:
            return self._sock.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True


class Sending:
    """One answer on its way; tells how much of the body went out and how it ended.

    Waits add up from ``since``, so that a clock which jumps over several of them loses none.
    """

    def __init__(self, answer: Answer, connection: Connection, since: datetime) -> None:
        self._answer, self._how, self._connection = answer, answer.delivery, connection
        self._due = since
        self.sent_bytes = 0

    def run(self, *, on_headers: Callable[[], None], on_last: Callable[[], None]) -> str:
        """Send all that is to be sent, and return the ending: ``complete``, ``cut`` or ``reset``.

        Args:
            on_headers: Called once the headers are sent.
            on_last: Called before the last piece is sent: once a client has that, the answer is over for it.
        """
        how = self._how
        if how.hold_s:
            self._wait(how.hold_s)
        if how.reset_before_headers:
            self._connection.reset()
            return "reset"
        pieces = _with_last(self._pieces())
        first = next(pieces, None)
        if first is None:
            on_last()
        self._connection.send(self._head())
        on_headers()
        for piece, is_last in itertools.chain([first] if first else [], pieces):
            if is_last:
                on_last()
            if isinstance(piece, Pause):
                self._wait(piece.seconds)
            elif ending := self._send_piece(piece):
                return ending
        if self._chunks and how.end_chunks:
            self._connection.send(b"0\r\n\r\n")
        is_whole = how.end_chunks and how.declared_length is None
        return "complete" if is_whole else "cut"

    def _wait(self, seconds: float) -> None:
        if math.isinf(seconds):
            self._connection.wait_until(None)
        self._due += timedelta(seconds=seconds)
        self._connection.wait_until(self._due)

    @property
    def _chunks(self) -> bool:
        return self._how.chunked or (callable(self._answer.body) and self._answer.size is None)

    def _head(self) -> bytes:
        answer = self._answer
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, ('Unassigned',))[0]}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        if self._chunks:
            lines.append("Transfer-Encoding: chunked")
        else:
            true_size = answer.size if callable(answer.body) else len(answer.body)
            declared = self._how.declared_length
            lines.append(f"Content-Length: {true_size if declared is None else declared}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8")

    def _pieces(self) -> Iterator[bytes | Pause]:
        body, size = self._answer.body, self._how.piece_bytes
        whole: Iterable[bytes | Pause] = body() if callable(body) else [body] if body else []
        for piece in whole:
            if isinstance(piece, Pause) or size is None:
                yield piece
                continue
            for start in range(0, len(piece), size):
                yield piece[start : start + size]
                if self._how.piece_pause_s:
                    yield Pause(self._how.piece_pause_s)

    def _send_piece(self, piece: bytes) -> str | None:
        """Send one piece, or as much of it as is allowed; an ending when there is one."""
        how = self._how
        limits = [limit for limit in (how.cut_after, how.reset_after, how.stall_after) if limit is not None]
        allowed = piece[: min(limits) - self.sent_bytes] if limits else piece
        data = b"%x\r\n%b\r\n" % (len(allowed), allowed) if self._chunks else allowed
        if allowed:
            self._connection.send(data)
        self.sent_bytes += len(allowed)
        if not limits or self.sent_bytes < min(limits):
            return None
        if how.stall_after == self.sent_bytes:
            self._wait(math.inf)
        if how.reset_after == self.sent_bytes:
            self._connection.reset()
            return "reset"
        return "cut"


def _with_last(pieces: Iterable[bytes | Pause]) -> Iterator[tuple[bytes | Pause, bool]]:
    """Each piece, and whether it is the last one."""
    ahead = iter(pieces)
    for piece in ahead:
        for following in ahead:
            yield piece, False
            piece = following
        yield piece, True
