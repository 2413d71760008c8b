"""Reads the call queue of a service for all its ``@answer`` methods."""

from __future__ import annotations

from nameko.extensions import SharedExtension

from shared.bus.answering import Answering, CallAnswerer
from shared.bus.consuming import Consumption
from shared.bus.dependency import WIRING_KEY, Wiring, provided_part
from shared.bus.guarding import Guard
from shared.bus.reader import existing
from shared.bus.replying import ReplySender
from shared.bus.topology import rpc_queue
from shared.clock import SystemClock

CALLS_AT_A_TIME = 16
ANSWER_GRACE_S = 10.0


class RpcServer(SharedExtension):  # type: ignore[misc]  # nameko has no types
    """The call queue of one container."""

    def __init__(self) -> None:
        self._answerings: dict[str, Answering] = {}
        self._stopped = False

    def register(self, answering: Answering) -> None:
        """Answer this kind of query; to be called before the start."""
        self._answerings[answering.query.type] = answering

    def start(self) -> None:
        wiring: Wiring = self.container.config[WIRING_KEY]
        service = self.container.service_name
        self._replies = ReplySender(wiring.bus_url)
        answerer = CallAnswerer(
            service=service,
            answerings=self._answerings,
            replies=self._replies,
            guard=Guard(service=service, keys=wiring.keys, clock=SystemClock()),
            refused=provided_part(self.container, "call_refused"),
        )
        queue = rpc_queue(service)
        self._consumption = Consumption(
            self.container,
            wiring.bus_url,
            existing(queue),
            answerer.deal,
            queue=queue,
            prefetch=CALLS_AT_A_TIME,
        )
        self._consumption.start()

    def stop(self) -> None:
        """Take no more calls; those under way are answered while the workers finish."""
        if not self._stopped:
            self._stopped = True
            self._consumption.stop_consuming()
            self._consumption.wait_until_idle(ANSWER_GRACE_S)
            self._consumption.close()
            self._replies.close()
