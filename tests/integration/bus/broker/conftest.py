"""RabbitMQ, for the promises in `semantics` that both brokers keep."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from deploy.local.rabbitmq import RabbitMQ

RABBITMQ_3_MAX_MESSAGE_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class RabbitMQBroker:
    """A vhost of a broker and the hand on its plug."""

    url: str
    server: RabbitMQ
    max_message_bytes: int = RABBITMQ_3_MAX_MESSAGE_BYTES

    def close_all_connections(self) -> None:
        self.server.close_all_connections()

    def restart(self) -> None:
        self.server.restart()

    def kill_and_start(self) -> None:
        self.server.kill()
        self.server.start()

    def raise_alarm(self) -> None:
        self.server.raise_memory_alarm()

    def clear_alarm(self) -> None:
        self.server.clear_alarms()


@pytest.fixture
def broker(rabbitmq: RabbitMQ, rabbitmq_vhost: str) -> RabbitMQBroker:
    return RabbitMQBroker(url=rabbitmq_vhost, server=rabbitmq)
