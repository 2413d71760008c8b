"""One queue: messages in order, the consumers they go to, and what becomes of those that are not taken."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from shared.bus.memory.arguments import QueueArguments
from shared.bus.memory.message import Message, with_headers
from shared.bus.memory.timetable import Appointment, Timetable
from shared.bus.memory.wire import RawContent

_RETURNED, _FRESH = 0, 1
DELIVERY_COUNT_HEADER = "x-delivery-count"


class DeathReason(StrEnum):
    """Why a message left its queue without an acknowledgement, as RabbitMQ's ``x-death`` names it."""

    REJECTED = "rejected"  # a consumer refused it for good
    EXPIRED = "expired"  # it waited too long
    MAXLEN = "maxlen"  # the queue was full and it was the oldest
    DELIVERY_LIMIT = "delivery_limit"  # it came back too often


@dataclass(slots=True)
class Entry:
    """A message in one queue.

    Attributes:
        place: Sorts the queue.
        returns: How often it came back unacknowledged.
        expires_at: End of its time here on the monotonic clock [s].
    """

    message: Message
    place: tuple[int, int]
    expires_at: float | None
    returns: int = 0
    redelivered: bool = False


class Consumer(Protocol):
    """Where a queue sends its messages."""

    @property
    def tag(self) -> str: ...

    @property
    def exclusive(self) -> bool: ...

    @property
    def has_room(self) -> bool:
        """Whether it may get one more message now."""
        ...

    def deliver(self, queue: MessageQueue, entry: Entry) -> None: ...

    def cancel(self) -> None:
        """Its queue is gone."""
        ...


class Bury(Protocol):
    """Sends a dead message on; returns False if it must be kept because no queue took it."""

    def __call__(self, queue: MessageQueue, entry: Entry, reason: DeathReason) -> bool: ...


@dataclass(kw_only=True, eq=False)
class MessageQueue:
    """Messages of one queue; all methods are called with the broker's lock held.

    Attributes:
        owner: The connection an exclusive queue belongs to.
        waiting: Messages for the next consumer with room, in order.
        unacked: Messages that a consumer holds.
    """

    name: str
    durable: bool
    auto_delete: bool
    owner: object | None
    table: dict[str, object]
    arguments: QueueArguments
    timetable: Timetable
    bury: Bury
    remove: Callable[[MessageQueue], None]
    waiting: deque[Entry] = field(default_factory=deque)
    unacked: int = 0
    gone: bool = False
    _consumers: deque[Consumer] = field(default_factory=deque)
    _unburied: list[tuple[Entry, DeathReason]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _head_watch: Appointment | None = None
    _disuse_watch: Appointment | None = None

    @property
    def consumer_count(self) -> int:
        return len(self._consumers)

    @property
    def message_count(self) -> int:
        """Messages ready for delivery."""
        return len(self.waiting)

    @property
    def stuck(self) -> int:
        """Dead messages that no queue has taken yet."""
        return len(self._unburied)

    def put(self, message: Message) -> bool:
        """Take a message, unless the queue is full and refuses then; returns whether it was taken."""
        if self._refuses():
            return False
        entry = Entry(message, self._place(_FRESH), self._expiry(message))
        # A message that need not wait cannot come too late, even if it has no time at all.
        if not self.waiting and (consumer := self._next_consumer()):
            self._deliver(consumer, entry)
        else:
            self.waiting.append(entry)
            self.dispatch()
            self._drop_surplus()
        return True

    def take(self) -> Entry | None:
        """The first message, for a client that asks for one; counted as held."""
        self.touch()
        self._drop_expired()
        if not self.waiting:
            return None
        self.unacked += 1
        entry = self.waiting.popleft()
        self._watch_head()
        return entry

    def outgoing(self, entry: Entry) -> RawContent:
        """A message as it is delivered; a quorum queue adds how often it came back."""
        raw = entry.message.raw
        return with_headers(raw, {DELIVERY_COUNT_HEADER: entry.returns}) if self.arguments.quorum else raw

    def settle(self) -> None:
        """A held message is dealt with."""
        self.unacked -= 1

    def reject(self, entry: Entry) -> None:
        """A held message is refused for good."""
        self.unacked -= 1
        self._die(entry, DeathReason.REJECTED)

    def give_back(self, entries: Iterable[Entry], *, asked: bool) -> None:
        """Held messages come back; one that did so too often dies.

        They wait before all others, but for one case, measured with RabbitMQ 3.10: in a quorum queue without
        a delivery limit, those that a client asks to requeue go to the end.

        Args:
            asked: A client wants it so; otherwise the client is gone.
        """
        to_end = asked and self.arguments.quorum and self.arguments.delivery_limit is None
        for entry in entries:
            self.unacked -= 1
            entry.redelivered = True
            entry.returns += 1
            if self._returned_too_often(entry):
                self._die(entry, DeathReason.DELIVERY_LIMIT)
            else:
                self._insert(entry, to_end=to_end)
        self._drop_surplus()
        self.dispatch()

    def purge(self) -> int:
        """Drop what waits; returns how many messages that were."""
        count = len(self.waiting)
        self.waiting.clear()
        return count

    def lose_transient(self) -> None:
        """What a restart of the broker does to the messages; a quorum queue keeps them all."""
        if not self.arguments.quorum:
            self.waiting = deque(entry for entry in self.waiting if entry.message.persistent)

    def add_consumer(self, consumer: Consumer) -> None:
        self._consumers.append(consumer)
        self.dispatch()

    def remove_consumer(self, consumer: Consumer) -> None:
        """It takes no more; an auto-delete queue goes with the last one."""
        self._consumers.remove(consumer)
        if self.auto_delete and not self._consumers:
            self.remove(self)
        else:
            self.touch()
            self.dispatch()

    def refuses_consumer(self, *, exclusive: bool) -> bool:
        """Whether an exclusive consumer stands in the way, or others do in that of an exclusive one."""
        return bool(self._consumers) and (exclusive or self._consumers[0].exclusive)

    def close(self) -> None:
        """The queue is deleted, and its messages with it."""
        self.gone = True
        self.waiting.clear()
        self._unburied.clear()
        for watch in (self._head_watch, self._disuse_watch):
            if watch is not None:
                watch.call_off()
        consumers, self._consumers = self._consumers, deque()
        for consumer in consumers:
            consumer.cancel()

    def dispatch(self) -> None:
        """Deliver what waits to consumers with room, in turn."""
        if self.gone:
            return
        self._drop_expired()
        while self.waiting and (consumer := self._next_consumer()):
            self._deliver(consumer, self.waiting.popleft())
            self._drop_expired()
        self._watch_head()

    def bury_again(self) -> None:
        """Try again to send on the dead messages that no queue took."""
        unburied, self._unburied = self._unburied, []
        for entry, reason in unburied:
            self._die(entry, reason)

    def touch(self) -> None:
        """The queue is used; one that nobody uses is deleted after its time."""
        if self.arguments.expires_ms is None:
            return
        if self._disuse_watch is not None:
            self._disuse_watch.call_off()
        due = time.monotonic() + self.arguments.expires_ms / 1000
        self._disuse_watch = self.timetable.call_at(due, self._expire_unused)

    def _deliver(self, consumer: Consumer, entry: Entry) -> None:
        self.unacked += 1
        consumer.deliver(self, entry)

    def _next_consumer(self) -> Consumer | None:
        candidates = 1 if self.arguments.single_active_consumer else len(self._consumers)
        for index in range(min(candidates, len(self._consumers))):
            consumer = self._consumers[index]
            if consumer.has_room:
                if not self.arguments.single_active_consumer:
                    del self._consumers[index]
                    self._consumers.append(consumer)
                return consumer
        return None

    def _place(self, rank: int) -> tuple[int, int]:
        return rank, next(self._numbers)

    def _insert(self, entry: Entry, *, to_end: bool) -> None:
        """Put a message back: where it was in a classic queue, after other returned ones in a quorum queue."""
        if self.arguments.quorum:
            entry.place = self._place(_FRESH if to_end else _RETURNED)
        index = 0
        while index < len(self.waiting) and self.waiting[index].place < entry.place:
            index += 1
        self.waiting.insert(index, entry)

    def _expiry(self, message: Message) -> float | None:
        limits = [ms for ms in (self.arguments.message_ttl_ms, message.ttl_ms) if ms is not None]
        return time.monotonic() + min(limits) / 1000 if limits else None

    def _refuses(self) -> bool:
        limit = self.arguments.max_length
        if limit is None or not self.arguments.reject_publish:
            return False
        # A quorum queue notices only afterwards that it is full (measured with RabbitMQ 3.10).
        return len(self.waiting) >= limit + self.arguments.quorum

    def _drop_surplus(self) -> None:
        limit = self.arguments.max_length
        if limit is None or self.arguments.reject_publish:
            return
        while len(self.waiting) > limit:
            self._die(self.waiting.popleft(), DeathReason.MAXLEN)

    def _returned_too_often(self, entry: Entry) -> bool:
        limit = self.arguments.delivery_limit
        return limit is not None and entry.returns > limit

    def _drop_expired(self) -> None:
        """Only the first message is looked at, as RabbitMQ does: one behind it may outlive its time."""
        while self.waiting and (expires_at := self.waiting[0].expires_at) is not None:
            if expires_at > time.monotonic():
                return
            self._die(self.waiting.popleft(), DeathReason.EXPIRED)

    def _die(self, entry: Entry, reason: DeathReason) -> None:
        if not self.gone and not self.bury(self, entry, reason):
            self._unburied.append((entry, reason))

    def _watch_head(self) -> None:
        """Make an appointment for the expiry of the first message."""
        expires_at = self.waiting[0].expires_at if self.waiting else None
        watch = self._head_watch
        if watch is not None and watch.due != expires_at:
            watch.call_off()
            self._head_watch = None
        if expires_at is not None and self._head_watch is None:
            self._head_watch = self.timetable.call_at(expires_at, self._head_expired)

    def _head_expired(self) -> None:
        self._head_watch = None
        self.dispatch()

    def _expire_unused(self) -> None:
        if not self._consumers:
            self.remove(self)
