"""A connection to a broker that heals itself, served by one thread of its own.

Everything that touches pika runs in that thread and never waits: other threads hand over *acts*. An act that finds
no connection is dropped, because what is still wanted is done again when the next connection opens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

from pika import SelectConnection
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel
from pika.exceptions import AMQPError, ConnectionClosedByClient

from shared.errors import BrokerUnavailableError, StudiomaticError
from studiomatic.client.address import CONNECT_S, BrokerAddress, explained
from studiomatic.client.channel import LiveChannel
from studiomatic.client.errors import ClientClosedError

# Standard logging, not structlog: this is a library in a stranger's program, which may print nothing to stdout.
log = logging.getLogger(__name__)
# What pika reports loudly and with tracebacks is reported here, once and in words.
logging.getLogger("pika").setLevel(logging.CRITICAL)

Act = Callable[[LiveChannel], None]

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
"""Between two tries to connect again; doubled from the first to this."""

_FAREWELL_S = 2.0
"""A broker that is frozen never answers a farewell."""


class LinkState(StrEnum):
    """How the connection to the broker is."""

    UP = "up"  # connected; messages flow
    BLOCKED = "blocked"  # connected, but the broker takes no messages: short of memory or disk
    AWAY = "away"  # lost; being connected again


Told = Callable[[LinkState, str], None]
"""Hears of each change, with the reason in words; called in the link's thread, so it must return at once."""


class Link:
    """A connection with one channel in confirm mode.

    Args:
        told: Hears of every change after the first connection.
    """

    def __init__(self, address: BrokerAddress, told: Told | None = None) -> None:
        self.address = address
        self._told = told
        self._setups: list[Act] = []
        self._resumes: list[Act] = []
        self._guard = threading.Lock()
        self._loop: IOLoop | None = None
        self._connection: SelectConnection | None = None
        self._channel: LiveChannel | None = None
        self._state = LinkState.AWAY
        self._cause: BaseException | None = None
        self._trouble: StudiomaticError | None = None
        self._refusal: StudiomaticError | None = None
        self._begun = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="studiomatic-link", daemon=True)

    def on_open(self, *, setup: Act | None = None, resume: Act | None = None) -> None:
        """Have this done on every new connection; to be called before :meth:`start`.

        Args:
            setup: Declares and consumes; a refusal is a refused connection.
            resume: Does what was dropped while there was no connection; acts are taken from here on.
        """
        self._setups += [setup] if setup else []
        self._resumes += [resume] if resume else []

    def start(self) -> None:
        """Connect; returns when the first connection is set up.

        Raises:
            BrokerUnavailableError: There is no broker.
            BrokerRefusedError, UnroutableError: It does not let us in, or lacks what we need.
        """
        self._thread.start()
        if not self._begun.wait(2 * CONNECT_S):
            self.close()
            raise BrokerUnavailableError(f"the broker at {self.address} does not answer; check that it runs")
        if self._refusal is not None:
            raise self._refusal

    def submit(self, act: Act) -> None:
        """Have something done on the channel, in order; dropped if there is none.

        Raises:
            ClientClosedError: The link is closed.
        """
        if self._ending.is_set():
            raise ClientClosedError
        with self._guard:
            if self._loop is not None and self._channel is not None:
                self._loop.add_callback_threadsafe(partial(self._perform, act, self._channel))

    @property
    def trouble(self) -> StudiomaticError | None:
        """Why there is no connection, or messages are not taken; none if all is well."""
        return self._trouble

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._ending.is_set()

    def close(self) -> None:
        """Do what was submitted, then end; gives up on a broker that does not answer."""
        self._ending.set()
        with self._guard:
            if self._loop is not None:
                self._loop.add_callback_threadsafe(self._hang_up)
        if self._thread.is_alive():
            self._thread.join(_FAREWELL_S)

    # In the link's own thread

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._ending.is_set():
            self._serve()
            was_up = self._state is not LinkState.AWAY
            self._lose(self._cause or BrokerUnavailableError(f"the connection to {self.address} ended"))
            if not self._begun.is_set():
                self._refusal = self._trouble
                self._begun.set()
                return
            pause_s = FIRST_PAUSE_S if was_up else min(2 * pause_s, LONGEST_PAUSE_S)
            self._ending.wait(pause_s)

    def _serve(self) -> None:
        """Connect, and serve the connection until it is lost or no longer wanted."""
        self._cause = None
        loop = IOLoop()
        try:
            self._connection = SelectConnection(
                self.address.parameters(),
                on_open_callback=self._guarded(self._on_open),
                on_open_error_callback=self._on_closed,
                on_close_callback=self._on_closed,
                custom_ioloop=loop,
            )
            with self._guard:
                self._loop = loop
            loop.start()
        except Exception as error:  # noqa: BLE001  # the thread must outlive whatever a broker or pika does
            self._cause = error
        finally:
            with self._guard:
                self._loop = self._channel = None
            loop.close()

    def _on_open(self, connection: SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(self._on_blocked)
        connection.add_on_connection_unblocked_callback(self._on_unblocked)
        connection.channel(on_open_callback=self._guarded(self._on_channel))

    def _on_channel(self, amqp: Channel) -> None:
        amqp.add_on_close_callback(self._on_channel_closed)
        amqp.add_on_cancel_callback(self._on_cancelled)
        channel = LiveChannel(amqp)
        for setup in self._setups:
            setup(channel)
        channel.confirm(self._guarded(partial(self._on_ready, channel)))

    def _on_ready(self, channel: LiveChannel) -> None:
        with self._guard:
            self._channel = channel
        for resume in self._resumes:
            resume(channel)
        self._change(LinkState.UP, f"connected to {self.address}", None)
        self._begun.set()
        if self._ending.is_set():
            self._hang_up()

    def _perform(self, act: Act, channel: LiveChannel) -> None:
        if channel is self._channel and channel.amqp.is_open:
            self._guarded(act)(channel)

    def _guarded(self, act: Callable[..., None]) -> Callable[..., None]:
        """What goes wrong costs the connection, never the thread."""

        def guarded(*args: Any) -> None:
            try:
                act(*args)
            except Exception as error:
                if not isinstance(error, AMQPError | StudiomaticError):
                    log.exception("link_broken")
                self._cause = self._cause or error
                self._hang_up()

        return guarded

    def _on_channel_closed(self, _channel: Channel, reason: Exception) -> None:
        self._cause = self._cause or reason
        self._hang_up()

    def _on_cancelled(self, _method: Any) -> None:
        """The broker dropped a queue of ours: everything is set up again."""
        self._cause = self._cause or BrokerUnavailableError(f"{self.address} dropped a queue of this client")
        self._hang_up()

    def _on_closed(self, _connection: SelectConnection, reason: BaseException) -> None:
        if not isinstance(reason, ConnectionClosedByClient):
            self._cause = self._cause or reason
        assert self._loop is not None  # noqa: S101  # it is what calls
        self._loop.stop()

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()

    def _lose(self, error: BaseException) -> None:
        trouble = explained(error, self.address)
        if self._state is not LinkState.AWAY and not self._ending.is_set():
            log.warning("broker_lost: %s", trouble.message)
        self._change(LinkState.AWAY, trouble.message, trouble)

    def _on_blocked(self, _connection: Any, _method: Any) -> None:
        message = f"the broker at {self.address} takes no messages: it is short of memory or disk"
        self._change(LinkState.BLOCKED, message, BrokerUnavailableError(message))

    def _on_unblocked(self, _connection: Any, _method: Any) -> None:
        self._change(LinkState.UP, f"the broker at {self.address} takes messages again", None)

    def _change(self, state: LinkState, reason: str, trouble: StudiomaticError | None) -> None:
        changed = state is not self._state
        self._state, self._trouble = state, trouble
        if changed and self._begun.is_set() and self._told is not None and not self._ending.is_set():
            try:
                self._told(state, reason)
            except Exception:
                log.exception("listener_failed")  # a stranger's code must not cost the connection
