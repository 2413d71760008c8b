"""A connection to a broker that heals itself, served by one thread of its own.

Everything that touches pika runs in that thread: other threads hand over *acts*. An act that finds no connection
is dropped, because what is still wanted is done again when the next connection opens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

from pika import BlockingConnection
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ConnectionWrongStateError

from shared.errors import BrokerUnavailableError, StudiomaticError
from studiomatic.client.address import CONNECT_S, BrokerAddress, explained
from studiomatic.client.errors import ClientClosedError

# Standard logging, not structlog: this is a library in a stranger's program, which may print nothing to stdout.
log = logging.getLogger(__name__)
# What pika reports loudly and with tracebacks is reported here, once and in words.
logging.getLogger("pika").setLevel(logging.CRITICAL)

Act = Callable[[BlockingChannel], None]

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
"""Between two tries to connect again; doubled from the first to this."""

_TICK_S = 1.0
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
        self._guard = threading.Lock()
        self._connection: BlockingConnection | None = None
        self._channel: BlockingChannel | None = None
        self._state = LinkState.AWAY
        self._trouble: StudiomaticError | None = None
        self._refusal: StudiomaticError | None = None
        self._begun = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="studiomatic-link", daemon=True)

    def on_open(self, setup: Act) -> None:
        """Have this done first on every new connection, in the order given; before :meth:`start`."""
        self._setups.append(setup)

    def start(self) -> None:
        """Connect; returns when the first connection is set up.

        Raises:
            BrokerUnavailableError: There is no broker.
            BrokerRefusedError, UnroutableError: It does not let us in, or lacks what we need.
        """
        self._thread.start()
        if not self._begun.wait(2 * CONNECT_S):
            self._ending.set()
            raise BrokerUnavailableError(f"the broker at {self.address} does not answer; check that it runs")
        if self._refusal is not None:
            raise self._refusal

    def submit(self, act: Act) -> bool:
        """Have something done on the channel, in order; returns whether there is a connection to do it on.

        Raises:
            ClientClosedError: The link is closed.
        """
        if self._ending.is_set():
            raise ClientClosedError
        return self._hand_over(act)

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
        if not self._hand_over(lambda _channel: self._ending.set()):
            self._ending.set()
        self._thread.join(_FAREWELL_S)
        self._ending.set()

    # In the link's own thread

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._ending.is_set():
            try:
                self._serve()
            except Exception as error:  # noqa: BLE001  # the thread must outlive whatever a broker does
                was_up = self._state is not LinkState.AWAY
                self._lose(error)
                if not self._begun.is_set():
                    self._refusal = self._trouble
                    self._begun.set()
                    return
                pause_s = FIRST_PAUSE_S if was_up else min(2 * pause_s, LONGEST_PAUSE_S)
                self._ending.wait(pause_s)

    def _serve(self) -> None:
        """Connect, and serve the connection until it is lost or no longer wanted."""
        connection = BlockingConnection(self.address.parameters())
        try:
            # Of the connection inside: pika's public way would tell only after the publish that is blocked.
            connection._impl.add_on_connection_blocked_callback(self._on_blocked)
            connection._impl.add_on_connection_unblocked_callback(self._on_unblocked)
            channel = connection.channel()
            channel.confirm_delivery()
            channel.add_on_cancel_callback(_on_cancelled)
            with self._guard:
                self._connection, self._channel = connection, channel
            for setup in self._setups:
                setup(channel)
            self._change(LinkState.UP, f"connected to {self.address}", None)
            self._begun.set()
            while not self._ending.is_set():
                connection.process_data_events(time_limit=_TICK_S)
                _require_open(channel)
        finally:
            with self._guard:
                self._connection = self._channel = None
            _hang_up(connection)

    def _hand_over(self, act: Act) -> bool:
        with self._guard:
            if self._connection is None or self._channel is None:
                return False
            try:
                self._connection.add_callback_threadsafe(partial(self._perform, act, self._channel))
            except ConnectionWrongStateError:
                return False
            return True

    def _perform(self, act: Act, channel: BlockingChannel) -> None:
        if channel.is_open:
            act(channel)

    def _lose(self, error: Exception) -> None:
        trouble = explained(error, self.address)
        if not isinstance(error, AMQPError | OSError | StudiomaticError):
            log.error("link_broken", exc_info=error)
        if self._state is not LinkState.AWAY:
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


def _on_cancelled(_method: Any) -> None:
    """The broker dropped a queue of ours: everything is set up again."""
    raise BrokerUnavailableError("the broker ended a queue of this client")


def _require_open(channel: BlockingChannel) -> None:
    if not channel.is_open:
        # pika has no public way to learn why the broker closed a channel nobody was using at that moment.
        raise channel._closing_reason or BrokerUnavailableError("the broker closed the channel")


def _hang_up(connection: BlockingConnection) -> None:
    try:
        if connection.is_open:
            connection.close()
    except (AMQPError, OSError) as error:
        log.debug("farewell_unanswered: %r", error)
