"""Listens for cancelled jobs on a queue of this process alone and tells the executions that run here."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

from typing import Any

import structlog
from kombu.entity import Exchange, Queue
from nameko.extensions import SharedExtension

from shared.bus.consuming import Consumption
from shared.bus.delivery import BrokerDelivery
from shared.bus.dependency import WIRING_KEY, Wiring
from shared.bus.executions import Executions
from shared.bus.outgoing import events_exchange
from shared.bus.refusing import note_refused
from shared.bus.topology import JOB_CANCELLING_KEY, own_queue_prefix
from shared.contracts.envelope import decode, read
from shared.contracts.jobs import JobCancelling
from shared.errors import InvalidMessageError
from shared.ids import JobId, new_id

log = structlog.get_logger(__name__)

CONTROL_PREFETCH = 50
CONTROL_QUEUE = "control"
"""What the queue of each process is called in metrics; its real name is new for every connection."""


class Control(SharedExtension):  # type: ignore[misc]  # nameko has no types
    """The executions of one container, and what reaches them from outside."""

    def __init__(self) -> None:
        self.executions = Executions()

    def start(self) -> None:
        wiring: Wiring = self.container.config[WIRING_KEY]
        self._consumption = Consumption(
            self.container,
            wiring.bus_url,
            self._own_queue,
            self._hear,
            queue=CONTROL_QUEUE,
            prefetch=CONTROL_PREFETCH,
        )
        self._consumption.start()

    def stop(self) -> None:
        self._consumption.stop_consuming()
        self._consumption.close()

    def _own_queue(self, channel: Any) -> Queue:
        """A new queue for every connection: the broker may still hold that of a lost one."""
        queue = Queue(
            own_queue_prefix("control", self.container.service_name) + new_id(),
            Exchange(events_exchange("orchestrator"), type="topic", durable=True, no_declare=True),
            routing_key=JOB_CANCELLING_KEY,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )(channel)
        queue.queue_declare()
        queue.queue_bind()
        return queue

    def _hear(self, delivery: BrokerDelivery) -> None:
        try:
            cancelling = read(decode(delivery.body), JobCancelling)
        except InvalidMessageError as error:
            note_refused(CONTROL_QUEUE, error)
            delivery.dead_letter()
            return
        running = self.executions.cancel_job(JobId(cancelling.job_id))
        log.info("job_cancelling_heard", job_id=cancelling.job_id, executions=running)
        delivery.ack()
