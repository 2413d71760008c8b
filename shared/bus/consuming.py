"""The life of a queue reader inside a Nameko container: start, stop taking, close."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
import structlog

from shared.bus.delivery import BrokerDelivery
from shared.bus.reader import OnConnection, Prepare, QueueReader
from shared.bus.refusing import Refusal, note_given_up

log = structlog.get_logger(__name__)

CLOSE_GRACE_S = 2.0

_LOOK_S = 0.05


class Consumption:
    """Reads a queue and gives each delivery a green thread of its own.

    Args:
        deal: Deals with a delivery and never raises; should it all the same, the delivery is set aside.
        queue: What the queue is called in metrics.
        on_connection: See `QueueReader`.
    """

    def __init__(
        self,
        container: Any,
        url: str,
        prepare: Prepare,
        deal: Callable[[BrokerDelivery], None],
        *,
        queue: str,
        prefetch: int,
        on_connection: OnConnection = lambda _connected: None,
    ) -> None:
        self._container = container
        self._deal = deal
        self._queue = queue
        self._reader = QueueReader(
            url, prepare, self._spawn, queue=queue, prefetch=prefetch, on_connection=on_connection
        )
        self._thread: Any = None
        self.held = 0

    def start(self) -> None:
        """Begin to read; does not wait for the broker."""
        self._thread = self._container.spawn_managed_thread(self._reader.run_for_ever, identifier="reader")

    def stop_consuming(self) -> None:
        """Take no more deliveries, but keep answering those held."""
        self._reader.stop_consuming()

    def close(self) -> None:
        """End; deliveries without an answer go back to the broker."""
        self._reader.close()
        with eventlet.Timeout(CLOSE_GRACE_S, False):
            self._thread.wait()
        self._thread.kill()  # a frozen broker answers no farewell

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait until every delivery is dealt with; returns whether that came true in time."""
        end = time.monotonic() + seconds
        while self.held:
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_S)
        return True

    def _spawn(self, delivery: BrokerDelivery) -> None:
        self.held += 1
        self._container.spawn_managed_thread(partial(self._deal_with, delivery), identifier="delivery")

    def _deal_with(self, delivery: BrokerDelivery) -> None:
        try:
            self._deal(delivery)
        except Exception:
            # It promised not to raise; one message must not take the whole service down, now and after a restart.
            log.exception("delivery_crashed", queue=self._queue)
            note_given_up(self._queue, Refusal.CRASHED)
            delivery.dead_letter()
        finally:
            self.held -= 1
