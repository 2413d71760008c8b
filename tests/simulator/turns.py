"""Whose turn it is among the answers of a case."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import datetime

from tests.simulator.answer import Answer
from tests.simulator.case import Call, Recipe
from tests.simulator.journal import Exchange


class Turns:
    """Whose turn it is: the next answer of a case for each key, endpoint and resource."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], int] = defaultdict(int)
        self._firsts: dict[tuple[str, ...], datetime] = {}

    def take(self, call: Call, steps: tuple[Recipe, ...] | None, exchange: Exchange) -> Answer:
        place = (call.vendor.name, call.key, call.endpoint.name, exchange.resource)
        with self._lock:
            self._counts[place] += 1
            call.number = self._counts[place]
            call.first_at = self._firsts.setdefault(place, exchange.arrived)
        if not steps or (call.once and call.number > len(steps)):
            exchange.answered_as = "usual"
            return call.usual()
        step = min(call.number, len(steps))
        exchange.answered_as = f"scenario {step}"
        return steps[step - 1](call)

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self._firsts.clear()
