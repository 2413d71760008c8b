"""The ways into a service: ``@task`` for commands, ``@listen`` for facts, ``@answer`` for remote calls.

They translate between Nameko and our own rules, which live in ``performing``, ``listening`` and ``answering``.
Nameko's own entrypoints acknowledge a message whose handler raised, so they are not used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from nameko.extensions import Entrypoint, register_entrypoint

from shared.bus.answering import Answering
from shared.bus.calling import call_method, call_method_in_time
from shared.bus.consuming import Consumption
from shared.bus.context import Caller, TaskContext
from shared.bus.control import Control
from shared.bus.dependency import WIRING_KEY, Wiring, provided_part
from shared.bus.listening import FactListener
from shared.bus.performing import CommandPerformer
from shared.bus.reader import existing
from shared.bus.reports import DirectReports
from shared.bus.server import CALLS_AT_A_TIME, RpcServer
from shared.bus.signed_facts import may_bring_signed_facts
from shared.bus.topology import Topology
from shared.config import Settings
from shared.contracts.envelope import Envelope
from shared.contracts.message import Protection, Query, Reply
from shared.contracts.tasks import TaskCommand, TaskResult
from shared.errors import StudiomaticError
from shared.metrics import CALLS

Method = TypeVar("Method", bound=Callable[..., Any])

LISTENER_PREFETCH = 16
"""Facts of different jobs that one process handles side by side."""

PULSES_PER_LEASE = 3
LONGEST_PULSE_S = 5.0

ABANDON_GRACE_S = 12.0
"""Longer than a handler may take to leave after a cancel."""


def task(
    pool: str, *, accepts: Sequence[type[TaskCommand]], slots: int | Callable[[Settings], int] = 1
) -> Callable[[Method], Method]:
    """Perform the commands of a worker pool with the decorated method.

    The method takes ``(self, command: TaskCommand, context: TaskContext)`` and returns a ``TaskResult``. What it
    raises is the outcome of the attempt: ``TaskDeferredError`` defers it, ``InfrastructureError`` is tried again
    in place, any other error fails it. It must end soon after ``context.cancelled`` is set.

    Args:
        pool: Name of the queue, e.g. ``renderer``.
        accepts: Contracts the pool understands; other messages are dead-lettered.
        slots: Most executions at a time in this process, or how to read it from the settings.
    """
    return _decorator(TaskEntrypoint(pool, accepts=tuple(accepts), slots=slots))


def listen(queue: str, *, prefetch: int = LISTENER_PREFETCH) -> Callable[[Method], Method]:
    """Handle the facts of a queue with the decorated method.

    The method takes ``(self, envelope: Envelope)``. It may see a fact more than once and must recognise it
    (:class:`shared.bus.inbox.Inbox`, in its own transaction). ``InfrastructureError`` is tried again in place,
    ``InvalidMessageError`` dead-letters the fact, anything else is tried again and dead-lettered at the
    queue's delivery limit.

    Args:
        queue: Name of a queue in the topology.
        prefetch: Most facts handled at a time.
    """
    return _decorator(ListenEntrypoint(queue, prefetch=prefetch))


def answer(*queries: type[Query]) -> Callable[[Method], Method]:
    """Answer remote calls of these kinds with the decorated method.

    The method takes ``(self, query: Query, caller: Caller)`` and returns a ``Reply``. An error it raises is
    answered with its code and message; an unexpected one only with its kind.
    """

    def register(method: Method) -> Method:
        for query in queries:
            register_entrypoint(method, AnswerEntrypoint(query))
        return method

    return register


class TaskEntrypoint(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """Reads a pool's queue and performs its commands."""

    control = Control()

    def __init__(
        self,
        pool: str,
        *,
        accepts: tuple[type[TaskCommand], ...],
        slots: int | Callable[[Settings], int],
    ) -> None:
        super().__init__(expected_exceptions=(Exception,))
        self._pool = pool
        self._accepts = accepts
        self.slots = slots
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    def workers(self, settings: Settings) -> int:
        """Most Nameko workers it uses at a time."""
        return self.slots(settings) if callable(self.slots) else self.slots

    def needs_keys(self, _topology: Topology) -> bool:
        """Whether it reads protected messages."""
        return False

    def start(self) -> None:
        wiring: Wiring = self.container.config[WIRING_KEY]
        service = self.container.service_name
        slots = self.workers(wiring.settings)
        self._performer = CommandPerformer(
            service=service,
            pool=self._pool,
            accepts=self._accepts,
            reports=provided_part(self.container, "reports") or DirectReports(wiring.publisher, service),
            invoke=self._invoke,
            executions=self.control.executions,
            slots=slots,
            stopping=self._stopping,
            delivery_limit=wiring.topology.queue(self._pool).delivery_limit,
        )
        self._consumption = Consumption(
            self.container,
            wiring.bus_url,
            existing(self._pool),
            self._performer.perform,
            queue=self._pool,
            prefetch=slots,
        )
        self._consumption.start()
        self.container.spawn_managed_thread(partial(self._pulse, _pulse_interval_s(wiring.settings)))

    def stop(self) -> None:
        """Hand back what has not started; let the rest finish within the grace, then hand that back too."""
        settings: Settings = self.container.config[WIRING_KEY].settings
        self._stopping.set()
        self._consumption.stop_consuming()
        if not self._consumption.wait_until_idle(settings.stop_grace_s):
            self.control.executions.abandon_all()
            self._consumption.wait_until_idle(ABANDON_GRACE_S)
        self._stopped.set()
        self._consumption.close()

    def _invoke(self, command: TaskCommand, context: TaskContext) -> TaskResult:
        result: TaskResult = call_method_in_time(self, command, context, context=context)
        return result

    def _pulse(self, interval_s: float) -> None:
        """Renew leases, also while running tasks use up the grace."""
        while not self._stopped.wait(interval_s):
            self._performer.pulse()


class ListenEntrypoint(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """Reads a queue of facts."""

    def __init__(self, queue: str, *, prefetch: int) -> None:
        super().__init__(expected_exceptions=(Exception,))
        self._queue = queue
        self._prefetch = prefetch
        self._stopping = threading.Event()

    def workers(self, _settings: Settings) -> int:
        """Most Nameko workers it uses at a time."""
        return self._prefetch

    def needs_keys(self, topology: Topology) -> bool:
        """Whether it reads protected messages."""
        return may_bring_signed_facts(self._queue, topology)

    def start(self) -> None:
        wiring: Wiring = self.container.config[WIRING_KEY]
        self._listener = FactListener(
            queue=self._queue,
            handle=self._handle,
            stopping=self._stopping,
            pins=wiring.keys.pins,
            delivery_limit=wiring.topology.queue(self._queue).delivery_limit,
        )
        self._consumption = Consumption(
            self.container,
            wiring.bus_url,
            existing(self._queue),
            self._listener.hear,
            queue=self._queue,
            prefetch=self._prefetch,
            on_connection=self._tell_connection,
        )
        self._tell_connection(False)
        self._consumption.start()

    def stop(self) -> None:
        """Finish the facts in hand; hand back those that wait for infrastructure."""
        settings: Settings = self.container.config[WIRING_KEY].settings
        self._stopping.set()
        self._consumption.stop_consuming()
        self._consumption.wait_until_idle(settings.stop_grace_s)
        self._consumption.close()

    def _tell_connection(self, connected: bool) -> None:
        tell = provided_part(self.container, "connection_back" if connected else "connection_lost")
        if tell is not None:
            tell(self._queue)

    def _handle(self, envelope: Envelope) -> None:
        call_method(self, envelope)


class AnswerEntrypoint(Entrypoint):  # type: ignore[misc]  # nameko has no types
    """Answers one kind of query."""

    server = RpcServer()

    def __init__(self, query: type[Query]) -> None:
        super().__init__(expected_exceptions=(Exception,))
        self._query = query

    def workers(self, _settings: Settings) -> int:
        """Most Nameko workers it uses at a time."""
        return CALLS_AT_A_TIME

    def needs_keys(self, _topology: Topology) -> bool:
        """Whether it reads protected messages."""
        return self._query.protection is not Protection.NONE

    def setup(self) -> None:
        self.server.register(Answering(query=self._query, answer=self._answer))

    def stop(self) -> None:
        self.server.stop()

    def _answer(self, query: Query, caller: Caller) -> Reply:
        """Call the method and count how it went."""
        try:
            reply: Reply = call_method(self, query, caller)
        except Exception as error:
            self._count(error.code if isinstance(error, StudiomaticError) else StudiomaticError.code)
            raise
        self._count("")
        return reply

    def _count(self, code: str) -> None:
        CALLS.labels(self.container.service_name, self._query.type, code).inc()


def _decorator(entrypoint: Entrypoint) -> Callable[[Method], Method]:
    def register(method: Method) -> Method:
        register_entrypoint(method, entrypoint)
        return method

    return register


def _pulse_interval_s(settings: Settings) -> float:
    """Often enough that one lost report does not lose the lease."""
    return min(LONGEST_PULSE_S, settings.lease_s / PULSES_PER_LEASE)
