"""What a broker shows of its queues to tests, tools and operators."""

from __future__ import annotations

from dataclasses import dataclass

from shared.bus.memory.queue import MessageQueue


@dataclass(frozen=True, kw_only=True)
class QueueView:
    """A queue at one moment.

    Attributes:
        ready: Messages that wait for a consumer.
        unacked: Messages that consumers hold.
        stuck: Dead messages that no queue has taken yet.
        consumers: Consumers attached to it.
    """

    name: str
    ready: int
    unacked: int
    stuck: int
    consumers: int

    @classmethod
    def of(cls, queue: MessageQueue) -> QueueView:
        return cls(
            name=queue.name,
            ready=queue.message_count,
            unacked=queue.unacked,
            stuck=queue.stuck,
            consumers=queue.consumer_count,
        )

    @property
    def messages(self) -> int:
        """All messages the queue is responsible for."""
        return self.ready + self.unacked + self.stuck
