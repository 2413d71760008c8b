"""Recognises a message that this process is handling already, or has just handled.

After a lost connection the broker delivers every unanswered message again. Handling it twice would waste a
render or a paid call; instead the new delivery is attached to the run that goes on, which answers the newest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from shared.bus.delivery import Delivery

REMEMBERED = 4096
"""Finished messages kept in mind; a redelivery follows its lost answer within seconds."""


class InFlight:
    """The messages of one consumer that are being handled, and those that just were."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, Delivery] = {}
        self._finished: OrderedDict[str, None] = OrderedDict()
        self._remembered = remembered

    def admit(self, message_id: str, delivery: Delivery) -> bool:
        """Whether the caller shall handle this delivery; if not, it is taken care of."""
        with self._lock:
            known = message_id in self._finished
            running = message_id in self._newest
            if not known:
                self._newest[message_id] = delivery
        if known:
            delivery.ack()
        return not (known or running)

    def finish(self, message_id: str) -> None:
        """The message is dealt with: acknowledge its newest delivery and remember it."""
        with self._lock:
            delivery = self._newest.pop(message_id)
            self._finished[message_id] = None
            while len(self._finished) > self._remembered:
                self._finished.popitem(last=False)
        delivery.ack()

    def hand_back(self, message_id: str) -> None:
        """Give the message up so that it is delivered again, here or elsewhere."""
        self._release(message_id).requeue()

    def set_aside(self, message_id: str) -> None:
        """The message can never be handled: dead-letter its newest delivery."""
        self._release(message_id).dead_letter()

    def _release(self, message_id: str) -> Delivery:
        with self._lock:
            return self._newest.pop(message_id)
