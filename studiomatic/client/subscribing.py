"""Facts for programs that only listen: a queue of one's own on the broker, which keeps them while one is away."""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from shared.bus.outgoing import events_exchange, fact_key
from shared.bus.topology import OwnQueue, own_queue_prefix
from shared.contracts.envelope import Envelope, decode
from shared.contracts.jobs import JOB_FACTS
from shared.errors import InvalidInputError, InvalidMessageError
from shared.ids import new_id
from studiomatic.client.address import BrokerAddress
from studiomatic.client.channel import LiveChannel
from studiomatic.client.events import event_of
from studiomatic.client.link import Link, Told
from studiomatic.client.port import JobEvent

log = logging.getLogger(__name__)

NAMED_KEPT_S = 7 * 24 * 3600
"""How long the broker keeps a named subscription that nobody reads, facts included."""

UNNAMED_KEPT_S = 600
"""The same for one without a name: long enough to connect again."""

_PREFETCH = 50
_REMEMBERED = 10_000
"""Facts that are known to have been handed out: the broker repeats those whose acknowledgement was lost."""

_DELIVERY_LIMIT = 1_000
"""RabbitMQ 4 drops a fact after 20 lost connections unless told otherwise."""

_NAME = re.compile(r"^[A-Za-z0-9_.-]{1,100}$")
_KEYS = frozenset(contract.routing_key() for contract in JOB_FACTS)
_WILDCARDS = ("job.*", "task.*")


@dataclass(frozen=True, kw_only=True)
class _Delivery:
    channel: LiveChannel
    tag: int
    body: bytes


class Subscription:
    """An iterator of facts, each acknowledged when the next one is asked for.

    So a fact is handed out at least once: again if the program died while it worked on it, else not. Leaving the
    ``with`` block without an exception acknowledges the last one. One thread at a time may iterate; any may close.

    Args:
        types: For example ``job.succeeded`` or ``job.*``.
        name: Keeps the subscription when the program ends; the next one of this name goes on where it stopped, two
            at a time share the facts. None: it ends with the program.
        account_id: Only facts of this account; None: of all.
    Raises:
        InvalidInputError: No such type, or a name that cannot be one.
        BrokerUnavailableError, BrokerRefusedError, UnroutableError: See `Link.start`.
    """

    def __init__(
        self,
        address: BrokerAddress,
        types: tuple[str, ...],
        *,
        name: str | None = None,
        account_id: str | None = None,
        told: Told | None = None,
    ) -> None:
        self._keys = _checked_types(types)
        self._named = name is not None
        self._queue = own_queue_prefix(OwnQueue.SUBSCRIPTIONS, address.user) + _checked_name(name)
        self._account_id = account_id
        self._arrived = threading.Condition()
        self._waiting: deque[_Delivery] = deque()
        self._in_hand: _Delivery | None = None
        self._handed_out: OrderedDict[str, None] = OrderedDict()
        self._closed = False
        self._consumer = ""
        self._link = Link(address, told)
        self._link.on_open(setup=self._set_up, resume=self._consume)
        self._link.start()

    def __iter__(self) -> Iterator[JobEvent]:
        return self

    def __next__(self) -> JobEvent:
        """The next fact; waits for it. Ends when the subscription is closed."""
        self._settle()
        while (delivery := self._next_delivery()) is not None:
            event = self._event(delivery)
            if event is not None:
                self._in_hand = delivery
                return event
        raise StopIteration

    def close(self) -> None:
        """End; a named subscription stays on the broker and collects facts for the next program."""
        with self._arrived:
            if self._closed:
                return
            self._closed = True
            self._arrived.notify_all()
        if not self._named:
            self._link.submit(self._delete_queue)
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and not self._closed:
            self._settle()
        self.close()

    def _next_delivery(self) -> _Delivery | None:
        with self._arrived:
            self._arrived.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else self._waiting.popleft()

    def _event(self, delivery: _Delivery) -> JobEvent | None:
        """What a delivery says; one that is not for the program is settled here."""
        try:
            fact = decode(delivery.body)
        except InvalidMessageError as error:
            log.warning("fact_unreadable: %s", error.message)
            self._link.submit(lambda channel: _reject(channel, delivery))
            return None
        event = event_of(fact) if self._is_wanted(fact) else None
        if event is None:
            self._acknowledge(delivery)
        else:
            self._remember(fact.id)
        return event

    def _is_wanted(self, fact: Envelope) -> bool:
        """Whether it is of the types and the account asked for, and new; the queue may know older bindings."""
        return (
            fact.id not in self._handed_out
            and self._account_id in (None, fact.accountid)
            and fact_key(fact.type) in self._keys
        )

    def _remember(self, fact_id: str) -> None:
        self._handed_out[fact_id] = None
        if len(self._handed_out) > _REMEMBERED:
            self._handed_out.popitem(last=False)

    def _settle(self) -> None:
        delivery, self._in_hand = self._in_hand, None
        if delivery is not None and not self._closed:
            self._acknowledge(delivery)

    def _acknowledge(self, delivery: _Delivery) -> None:
        self._link.submit(lambda channel: _acknowledge(channel, delivery))

    # In the link's thread

    def _set_up(self, channel: LiveChannel) -> None:
        channel.amqp.queue_declare(self._queue, durable=True, arguments=_arguments(named=self._named))
        for key in self._keys:
            channel.amqp.queue_bind(self._queue, events_exchange("orchestrator"), routing_key=key)
        channel.amqp.basic_qos(prefetch_count=_PREFETCH)

    def _consume(self, channel: LiveChannel) -> None:
        """Only now: an acknowledgement would be dropped while the channel is not ready."""
        with self._arrived:
            self._waiting.clear()  # the broker delivers them again
        self._consumer = channel.amqp.basic_consume(self._queue, partial(self._on_message, channel))

    def _delete_queue(self, channel: LiveChannel) -> None:
        channel.amqp.basic_cancel(self._consumer)
        channel.amqp.queue_delete(self._queue)

    def _on_message(self, channel: LiveChannel, _amqp: Any, method: Any, _properties: Any, body: bytes) -> None:
        with self._arrived:
            self._waiting.append(_Delivery(channel=channel, tag=method.delivery_tag, body=body))
            self._arrived.notify()


def _acknowledge(channel: LiveChannel, delivery: _Delivery) -> None:
    if channel is delivery.channel:
        channel.amqp.basic_ack(delivery.tag)


def _reject(channel: LiveChannel, delivery: _Delivery) -> None:
    if channel is delivery.channel:
        channel.amqp.basic_reject(delivery.tag, requeue=False)


def _arguments(*, named: bool) -> dict[str, str | int]:
    if not named:
        return {"x-queue-type": "classic", "x-expires": UNNAMED_KEPT_S * 1000}
    return {
        "x-queue-type": "quorum",
        "x-expires": NAMED_KEPT_S * 1000,
        "x-delivery-limit": _DELIVERY_LIMIT,
    }


def _checked_types(types: tuple[str, ...]) -> tuple[str, ...]:
    """The facts meant, each by its own key."""
    unknown = [each for each in types if each not in _KEYS and each not in _WILDCARDS]
    if unknown or not types:
        what = f"there is no fact {unknown[0]!r}" if unknown else "no fact is named"
        raise InvalidInputError(f"{what}; subscribe to some of {', '.join((*_WILDCARDS, *sorted(_KEYS)))}")
    meant = {key for key in _KEYS for each in types if each in (key, key.split(".")[0] + ".*")}
    return tuple(sorted(meant))


def _checked_name(name: str | None) -> str:
    if name is None:
        return new_id()
    if not _NAME.match(name):
        raise InvalidInputError("a subscription's name has 1 to 100 letters, digits, '_', '.' and '-'")
    return name
