"""Hands facts to a listener at least once; a fact that cannot be handled is set aside, never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from shared.bus.delivery import Delivery
from shared.bus.inflight import InFlight
from shared.bus.lanes import Lanes
from shared.bus.patience import HandedBackError, Patience, requeue_delay_s
from shared.bus.refusing import note_crashed, note_refused
from shared.bus.signed_facts import require_genuine
from shared.bus.trace import bound_log, continued
from shared.clock import SystemClock
from shared.contracts.envelope import Envelope, decode
from shared.errors import InvalidMessageError
from shared.signing import Verifier

_NOBODY = Verifier(public_keys={})

log = structlog.get_logger(__name__)

Handle = Callable[[Envelope], None]
"""Calls the service's method."""


class FactListener:
    """Deals with the deliveries of one queue.

    Facts of one job are handled one after the other, those of different jobs side by side.

    Args:
        queue: Name of the queue, for logs and metrics.
        pins: Whose signatures count, of facts that must be signed.
        delivery_limit: A fact delivered more often than this, and given back again, is set aside by the broker.
        stopping: Set when the process must stop.
    """

    def __init__(
        self,
        *,
        queue: str,
        handle: Handle,
        stopping: threading.Event,
        pins: Verifier = _NOBODY,
        delivery_limit: int | None = None,
    ) -> None:
        self._queue = queue
        self._pins = pins
        self._clock = SystemClock()
        self._handle = handle
        self._stopping = stopping
        self._delivery_limit = delivery_limit
        self._patience = Patience(stopping)
        self._inflight = InFlight()
        self._lanes = Lanes()

    def hear(self, delivery: Delivery) -> None:
        """Deal with one delivery, whatever it holds; never raises."""
        try:
            envelope = continued(decode(delivery.body))
            require_genuine(delivery, envelope, self._pins, self._clock)
        except InvalidMessageError as error:
            note_refused(self._queue, error)
            delivery.dead_letter()
            return
        if self._inflight.admit(envelope.id, delivery):
            with bound_log(envelope):
                self._hear_once(envelope, delivery.delivery_count)

    def _hear_once(self, envelope: Envelope, delivery_count: int) -> None:
        try:
            with self._lanes.turn(envelope.jobid or envelope.id):
                self._patience.insist(lambda: self._handle(envelope))
        except HandedBackError:
            self._inflight.hand_back(envelope.id)
        except InvalidMessageError as error:
            note_refused(self._queue, error)
            self._inflight.set_aside(envelope.id)
        except Exception:
            log.exception("listener_crashed", queue=self._queue, delivery_count=delivery_count)
            note_crashed(self._queue, delivery_count, self._delivery_limit)
            self._stopping.wait(requeue_delay_s(delivery_count))
            self._inflight.hand_back(envelope.id)
        else:
            self._inflight.finish(envelope.id)
