"""Live facts for the watches of one client: one queue, which exists while somebody watches.

It may lose facts, with a connection or when a watch is slow: a watch asks for what is stored then.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from shared.bus.outgoing import events_exchange
from shared.bus.topology import OwnQueue, own_queue_prefix
from shared.contracts.envelope import Envelope, decode
from shared.errors import InvalidMessageError
from shared.ids import new_id
from studiomatic.client.channel import LiveChannel
from studiomatic.client.link import Link

log = logging.getLogger(__name__)

PATTERNS = ("job.*", "task.*")
KEPT_FACTS = 200
"""Live facts that wait for one slow watch; beyond that it is told to ask for what is stored."""

_MAX_LENGTH = 10_000
"""Facts the broker keeps while this client does not read."""


class Mailbox:
    """Live facts of one job on their way to one watch."""

    def __init__(self) -> None:
        self._facts: queue.Queue[Envelope | None] = queue.Queue()

    def take(self, timeout_s: float) -> Envelope | None:
        """The next live fact; none when it is time to ask for what is stored."""
        try:
            return self._facts.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def put(self, fact: Envelope) -> None:
        """Hand over a fact; when too many wait, all of them give way to one request to ask."""
        if self._facts.qsize() >= KEPT_FACTS:
            self.ask()
        else:
            self._facts.put(fact)

    def ask(self) -> None:
        """Facts may have been lost: ask for what is stored."""
        with suppress(queue.Empty):
            while True:
                self._facts.get_nowait()
        self._facts.put(None)


class Nudges:
    """Hands live facts to whoever watches their job; to be made before the link starts."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._mailboxes: dict[str, list[Mailbox]] = {}
        self._guard = threading.Lock()
        self._listening: tuple[LiveChannel, str] | None = None
        link.on_open(resume=self._resume)

    @contextmanager
    def of_job(self, job_id: str) -> Iterator[Mailbox]:
        """Receive the live facts of a job; what is asked inside the block is answered after it began."""
        mailbox = Mailbox()
        with self._guard:
            self._mailboxes.setdefault(job_id, []).append(mailbox)
        try:
            self._link.submit(self._adjust)
            yield mailbox
        finally:
            with self._guard:
                self._mailboxes[job_id].remove(mailbox)
                if not self._mailboxes[job_id]:
                    del self._mailboxes[job_id]
            if not self._link.closed:
                self._link.submit(self._adjust)

    # In the link's thread

    def _resume(self, channel: LiveChannel) -> None:
        self._adjust(channel)
        with self._guard:
            mailboxes = [mailbox for found in self._mailboxes.values() for mailbox in found]
        for mailbox in mailboxes:
            mailbox.ask()

    def _adjust(self, channel: LiveChannel) -> None:
        """Listen if somebody watches, else not."""
        consumer = self._listening[1] if self._listening and self._listening[0] is channel else None
        if self._mailboxes and consumer is None:
            self._listening = (channel, self._listen(channel))
        elif not self._mailboxes and consumer is not None:
            self._listening = None
            channel.amqp.basic_cancel(consumer)  # its queue goes with it

    def _listen(self, channel: LiveChannel) -> str:
        name = own_queue_prefix(OwnQueue.CONTROL, self._link.address.user) + new_id()
        channel.amqp.queue_declare(
            name,
            exclusive=True,
            auto_delete=True,
            arguments={"x-max-length": _MAX_LENGTH, "x-overflow": "drop-head"},
        )
        for pattern in PATTERNS:
            channel.amqp.queue_bind(name, events_exchange("orchestrator"), routing_key=pattern)
        return str(channel.amqp.basic_consume(name, self._on_fact, auto_ack=True, exclusive=True))

    def _on_fact(self, _channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
        try:
            fact = decode(body)
        except InvalidMessageError as error:
            log.warning("fact_unreadable: %s", error.message)
            return
        with self._guard:
            mailboxes = list(self._mailboxes.get(fact.jobid or "", ()))
        for mailbox in mailboxes:
            mailbox.put(fact)
