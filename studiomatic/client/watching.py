"""Follow one job: its stored facts by sequence, and live ones as they come.

No gap, no duplicate, in order, from any start: a live fact counts only if it is the next one. After anything else,
and every few seconds, what is stored is asked for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from shared.contracts.envelope import Envelope
from shared.contracts.jobs import FactList, JobView
from shared.errors import InfrastructureError
from studiomatic.client.events import ENDINGS, event_of
from studiomatic.client.nudges import Mailbox, Nudges
from studiomatic.client.port import JobEvent

A = TypeVar("A")

log = logging.getLogger(__name__)

POLL_S = 3.0
"""A lost live fact is found by then."""

PATIENCE_S = 600.0
"""A watch outlives a broker or an orchestrator that is away for less than this."""

_PAUSE_S = 1.0


class Watch:
    """One watch of one job.

    Args:
        facts: Asks for the stored facts after a sequence number.
        job: Asks for the job as it is.
    """

    def __init__(
        self, *, facts: Callable[[int], FactList], job: Callable[[], JobView], after_sequence: int
    ) -> None:
        self._ask_facts = facts
        self._ask_job = job
        self._sequence = after_sequence
        self._ended = False
        self._patience_s = (
            0.0  # an unknown job or a farm that is away is told at once, what happens later is outlived
        )

    def events(self, nudges: Nudges, job_id: str) -> Iterator[JobEvent]:
        """The facts, to the one that ends the job."""
        with nudges.of_job(job_id) as mailbox:
            yield from self._stored()
            while not self._ended:
                yield from self._live(mailbox)
                if not self._ended:
                    yield from self._stored()

    def _live(self, mailbox: Mailbox) -> Iterator[JobEvent]:
        """Live facts, as long as each is the next one."""
        while not self._ended:
            fact = mailbox.take(POLL_S)
            if fact is None or fact.sequence is None or fact.sequence > self._sequence + 1:
                return
            yield from self._taken(fact)

    def _stored(self) -> Iterator[JobEvent]:
        while not self._ended:
            page = self._patiently(lambda: self._ask_facts(self._sequence))
            for fact in page.facts:
                yield from self._taken(fact)
            if not page.facts:
                self._ended = self._is_over()
                return
            if page.last_sequence <= self._sequence:
                return

    def _taken(self, fact: Envelope) -> Iterator[JobEvent]:
        if fact.sequence is None or fact.sequence <= self._sequence:
            return
        self._sequence = fact.sequence
        self._ended = fact.type in ENDINGS
        event = event_of(fact)
        if event is not None:
            yield event

    def _is_over(self) -> bool:
        """Whether the job ended, and nothing is stored that was not handed out."""
        job = self._patiently(self._ask_job)
        return job.state.is_terminal and job.last_sequence <= self._sequence

    def _patiently(self, ask: Callable[[], A]) -> A:
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                answer = ask()
            except InfrastructureError as error:
                if time.monotonic() >= deadline:
                    raise
                log.debug("watch_waits: %s", error.message)
                time.sleep(_PAUSE_S)
            else:
                self._patience_s = PATIENCE_S
                return answer
