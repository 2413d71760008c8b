"""Exchanges: which queues a message goes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.bus.memory.queue import MessageQueue


class Kind(StrEnum):
    """How an exchange picks queues by the routing key."""

    DIRECT = "direct"  # it equals the binding key
    TOPIC = "topic"  # the binding key is a pattern of words: * stands for one, # for any number
    FANOUT = "fanout"  # it does not matter


@dataclass(kw_only=True, eq=False)
class Exchange:
    """A named place to publish to."""

    name: str
    kind: Kind
    durable: bool
    auto_delete: bool
    internal: bool
    arguments: dict[str, Any]
    _bound: dict[str, dict[str, MessageQueue]] = field(default_factory=dict)

    def bind(self, queue: MessageQueue, key: str) -> None:
        self._bound.setdefault(key, {})[queue.name] = queue

    def unbind(self, queue: MessageQueue, key: str) -> bool:
        """Whether there was such a binding."""
        queues = self._bound.get(key, {})
        found = queues.pop(queue.name, None) is not None
        if not queues:
            self._bound.pop(key, None)
        return found

    def unbind_all(self, queue: MessageQueue) -> bool:
        """Whether there was any binding."""
        found = [self.unbind(queue, key) for key in list(self._bound)]
        return any(found)

    @property
    def unused(self) -> bool:
        return not self._bound

    def route(self, routing_key: str) -> dict[str, MessageQueue]:
        """Queues that get the message, each once."""
        if self.kind is Kind.DIRECT:
            return self._bound.get(routing_key, {})
        return {
            name: queue
            for key, queues in self._bound.items()
            if self.kind is Kind.FANOUT or matches(key, routing_key)
            for name, queue in queues.items()
        }

    def bindings(self) -> Iterator[tuple[str, str]]:
        """Pairs of binding key and queue name."""
        return ((key, name) for key, queues in self._bound.items() for name in queues)


@lru_cache(maxsize=4096)
def matches(pattern: str, routing_key: str) -> bool:
    """Whether a topic binding's pattern fits a routing key (AMQP 0-9-1, section 3.1.3.3)."""
    return _fits(_words(pattern), _words(routing_key))


def _words(key: str) -> tuple[str, ...]:
    """The words between the dots; an empty key has none."""
    return tuple(key.split(".")) if key else ()


def _fits(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if not pattern:
        return not words
    first, rest = pattern[0], pattern[1:]
    if first == "#":
        return any(_fits(rest, words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and first in ("*", words[0]) and _fits(rest, words[1:])
