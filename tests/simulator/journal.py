"""Everything that was asked of the simulator, kept in order, with what was wrong about it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(kw_only=True)
class Exchange:
    """One request and what became of it. Lives on while the answer is being sent.

    ``headers`` hold the key as it came: tests check it. ``arrived_s``, ``ended_s`` are real seconds of
    ``time.monotonic()``; ``arrived`` is the simulator's own time. ``ending`` is ``None`` while the answer is under
    way, then ``complete``, ``cut``, ``reset``, ``closed by client`` or ``stopped``.
    """

    number: int
    host: str
    method: str
    target: str
    path: str
    query: list[tuple[str, str]]
    headers: list[tuple[str, str]]
    body: bytes
    arrived: datetime
    arrived_s: float
    json: Any = None
    endpoint: str | None = None
    resource: str = ""
    key: str | None = None
    case: str | None = None
    user: str | None = None
    violations: list[str] = field(default_factory=list)
    #: ``scenario 2`` = the second answer of the case, ``usual``, ``limited``, ``violation`` or ``unknown key``.
    answered_as: str | None = None
    #: Whether it counts in the limits of its key at this moment.
    is_counted: bool = False
    status: int | None = None
    sent_bytes: int = 0
    headers_s: float | None = None
    ending: str | None = None
    ended_s: float | None = None

    def header(self, name: str) -> str | None:
        """The value of a header, or ``None``; of a repeated one the first."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def as_json(self) -> dict[str, Any]:
        facts = dict(self.__dict__)
        facts["arrived"] = self.arrived.isoformat()
        facts["body_base64"] = base64.b64encode(facts.pop("body")).decode()
        return facts


class Journal:
    """The exchanges since the start or the last ``clear``, in the order in which they came."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._exchanges: list[Exchange] = []
        self._number = 0

    def add(self, exchange: Exchange) -> None:
        with self._changed:
            self._number += 1
            exchange.number = self._number
            self._exchanges.append(exchange)
            self._changed.notify_all()

    def changed(self) -> None:
        """Wake those who wait for something to be in the journal."""
        with self._changed:
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._exchanges.clear()

    def exchanges(self, **facts: object) -> list[Exchange]:
        """Those for which every named field has the given value: ``exchanges(host="zai", endpoint="chat")``."""
        with self._changed:
            listed = list(self._exchanges)
        return [one for one in listed if all(getattr(one, name) == value for name, value in facts.items())]

    def violations(self) -> list[str]:
        """Whatever was wrong about any request; a test of a client ends with ``assert not violations()``."""
        return [f"#{one.number} {one.host} {one.method} {one.path}: {fault}"
                for one in self.exchanges() for fault in one.violations]  # fmt: skip

    def wait_for(self, condition: Callable[[list[Exchange]], Any], *, within_s: float = 10.0) -> Any:
        """Wait until ``condition`` of all exchanges is true, and return its value.

        Raises:
            TimeoutError: It was not true in time; the message holds the journal's lines.
        """
        with self._changed:
            value = self._changed.wait_for(lambda: condition(list(self._exchanges)), within_s)
        if not value:
            raise TimeoutError("not in the journal in time:\n" + self.text())
        return value

    def peak_in_flight(self, **facts: object) -> int:
        """The most requests of a kind that were under way at the same moment."""
        steps: list[tuple[float, int]] = []
        for one in self.exchanges(**facts):
            steps.append((one.arrived_s, 1))
            if one.ended_s is not None:
                steps.append((one.ended_s, -1))
        now = peak = 0
        for _, step in sorted(steps):
            now += step
            peak = max(peak, now)
        return peak

    def text(self) -> str:
        """One line for each exchange, without keys."""
        return "\n".join(
            f"#{one.number} {one.host} {one.method} {one.path} case={one.case} -> {one.status} {one.answered_as} "
            f"{one.ending} {'; '.join(one.violations)}"
            for one in self.exchanges()
        )

    def as_json(self, **facts: object) -> bytes:
        return json.dumps([one.as_json() for one in self.exchanges(**facts)]).encode()
