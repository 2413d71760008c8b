"""Dead letters: what RabbitMQ writes on a message that left its queue unwanted (``x-death``)."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.bus.memory.message import HEADERS, Message, decode, encode, store
from shared.bus.memory.queue import DeathReason, MessageQueue

DEATHS_HEADER = "x-death"
Death = dict[str, Any]


def dead_letter(message: Message, queue: MessageQueue, reason: DeathReason) -> Message:
    """The message as it leaves ``queue`` for the queue's dead-letter exchange.

    Its own time limit is removed, so that it does not expire there again.
    """
    content = decode(message.raw)
    expiration = content.properties.pop("expiration", None)
    headers = content.properties.setdefault(HEADERS, {})
    deaths = list(headers.get(DEATHS_HEADER, ()))
    headers[DEATHS_HEADER] = _counted(deaths, _death(message, queue, reason, expiration))
    headers.setdefault("x-first-death-reason", reason.value)
    headers.setdefault("x-first-death-queue", queue.name)
    headers.setdefault("x-first-death-exchange", message.exchange)
    routing_key = queue.arguments.dead_letter_routing_key
    return store(
        encode(content),
        queue.arguments.dead_letter_exchange or "",
        message.routing_key if routing_key is None else routing_key,
    )


def without_cycles(letter: Message, reason: DeathReason, queues: Iterable[MessageQueue]) -> list[MessageQueue]:
    """The queues that may get a dead letter.

    One that would go round for ever without any consumer having refused it is dropped
    (RabbitMQ's guide on dead lettering, "Automatic Dead Lettering Cycles").
    """
    if reason is DeathReason.REJECTED:
        return list(queues)
    deaths = decode(letter.raw).properties[HEADERS][DEATHS_HEADER]
    return [queue for queue in queues if not _goes_round(deaths, queue.name)]


def _goes_round(deaths: list[Death], queue: str) -> bool:
    for index, death in enumerate(deaths):
        if death["queue"] == queue:
            return all(one["reason"] != DeathReason.REJECTED for one in deaths[: index + 1])
    return False


def _death(message: Message, queue: MessageQueue, reason: DeathReason, expiration: str | None) -> Death:
    death: Death = {
        "count": 1,
        "reason": reason.value,
        "queue": queue.name,
        "time": datetime.now(UTC).replace(tzinfo=None),
        "exchange": message.exchange,
        "routing-keys": [message.routing_key],
    }
    if expiration is not None:
        death["original-expiration"] = expiration
    return death


def _counted(deaths: list[Death], new: Death) -> list[Death]:
    """Newest first; a repeated one is counted up."""
    for death in deaths:
        if (death["queue"], death["reason"]) == (new["queue"], new["reason"]):
            deaths.remove(death)
            return [death | {"count": death["count"] + 1}, *deaths]
    return [new, *deaths]
