"""Stands for the socket between a client and the broker: frames both ways, waiting without polling."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

Method = tuple[int, int]
"""Class and method number of AMQP 0-9-1."""

READS_IN_A_ROW = 64
"""Frames read without waiting before other threads get their turn; a socket would make one wait now and then."""


class RawContent(NamedTuple):
    """A message in wire format.

    Attributes:
        header: AMQP content header: size of the body, then properties and headers.
    """

    header: bytes
    body: bytes


class Frame(NamedTuple):
    """One AMQP method with its arguments in wire format, and the message that belongs to it."""

    channel: int
    method: Method
    payload: bytes
    content: RawContent | None = None


class Peer(Protocol):
    """The broker's side of a wire."""

    def receive(self, frame: Frame) -> None:
        """Deal with what the client sent."""
        ...

    def lost(self) -> None:
        """The client hung up."""
        ...


class Wire:
    """A connection's two directions; the broker's side of it is used with the broker's lock held.

    Frames that the broker sent before it hung up can still be read.
    """

    def __init__(self, lock: threading.Lock, accept: Callable[[Wire], Peer]) -> None:
        self.connected = False
        self.abandoned = False
        self._lock = lock
        self._accept = accept
        self._peer: Peer | None = None
        self._arrived = threading.Condition(lock)
        self._inbound: deque[Frame] = deque()
        self._reads = 0

    def connect(self) -> None:
        """Reach the broker.

        Raises:
            ConnectionRefusedError: It is stopped.
        """
        with self._lock:
            self._peer = self._accept(self)
            self.connected = True

    def write(self, frame: Frame) -> None:
        """Give a frame to the broker, which has dealt with it when this returns.

        Raises:
            BrokenPipeError: The broker has hung up.
        """
        with self._lock:
            if self._peer is None:
                self.connected = False
                raise BrokenPipeError(errno.EPIPE, "the in-memory broker has closed the connection")
            self._peer.receive(frame)

    def read(self, timeout_s: float | None) -> Frame:
        """Wait for the broker's next frame.

        Args:
            timeout_s: Longest wait [s]; None waits for ever.
        Raises:
            TimeoutError: Nothing came.
            ConnectionResetError: The broker has hung up.
        """
        if timeout_s != 0:
            self._let_others_run()
        with self._lock:
            if timeout_s != 0 and not self._readable():
                self._arrived.wait_for(self._readable, timeout_s)
            if self._inbound:
                return self._inbound.popleft()
            if self._peer is not None:
                raise TimeoutError("timed out")
            self.connected = False
            raise ConnectionResetError(errno.ECONNRESET, "the in-memory broker has closed the connection")

    def having_timeout(self, _timeout_s: float | None) -> AbstractContextManager[None]:
        """Limits how long a write may take, which here never waits."""
        return nullcontext()

    def close(self) -> None:
        """The client hangs up."""
        with self._lock:
            self._hang_up_client()

    def abandon(self) -> None:
        """The client was thrown away without hanging up; called by the garbage collector, at any moment."""
        if self._lock.acquire(blocking=False):
            try:
                self._hang_up_client()
            finally:
                self._lock.release()
        else:
            self.abandoned = True

    def hang_up_if_abandoned(self) -> None:
        """Make up for a hang-up that came while the broker was busy."""
        if self.abandoned:
            self._hang_up_client()

    def push(self, frame: Frame) -> None:
        """The broker sends a frame."""
        self._inbound.append(frame)
        self._arrived.notify()

    def hang_up(self) -> None:
        """The broker closes the connection."""
        self._peer = None
        self._arrived.notify_all()

    def _hang_up_client(self) -> None:
        self.connected = False
        self._inbound.clear()
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.lost()

    def _readable(self) -> bool:
        return bool(self._inbound) or self._peer is None

    def _let_others_run(self) -> None:
        self._reads += 1
        if self._reads % READS_IN_A_ROW == 0:
            time.sleep(0)
