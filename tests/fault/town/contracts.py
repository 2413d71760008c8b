"""What the services of the town say to each other."""

from __future__ import annotations

from shared.bus.outgoing import events_exchange
from shared.bus.topology import (
    COMMON,
    DEAD_EXCHANGE,
    JOB_CANCELLING_KEY,
    Binding,
    Queue,
    QueueKind,
    Topology,
    dead_queue,
    events_of,
    listener,
    lossy_listener,
    pool,
    rpc_of,
)
from shared.contracts.message import Fact, Query, Reply
from shared.contracts.tasks import TaskCommand, TaskResult

RESULTS = ("attempt.started", "attempt.deferred", "attempt.succeeded", "attempt.failed")
POOLS = ("mason", "sculptor")

CURSES = Queue(name="clerk.curses", kind=QueueKind.QUORUM, dead_letter=True, delivery_limit=3)

TOWN = (
    COMMON
    + Topology(
        queues=(CURSES, Queue(name=dead_queue(CURSES.name), kind=QueueKind.QUORUM)),
        bindings=(
            Binding(exchange=events_exchange("foreman"), queue=CURSES.name, routing_key="curse.*"),
            Binding(exchange=DEAD_EXCHANGE, queue=dead_queue(CURSES.name), routing_key=CURSES.name),
        ),
    )
    + events_of("foreman")
    + events_of("mason")
    + events_of("sculptor")
    + events_of("orchestrator")
    + pool("mason")
    + pool("sculptor")
    + listener("foreman.attempts", *((worker, key) for worker in POOLS for key in RESULTS))
    + lossy_listener("foreman.progress", *((worker, "attempt.progressed") for worker in POOLS))
    + listener("clerk.walls", ("foreman", "wall.*"))
    + listener("clerk.sagas", ("foreman", "wall.*"))
    + listener("mason.cancellations", ("orchestrator", JOB_CANCELLING_KEY))
    + rpc_of("foreman")
)


class BuildWall(TaskCommand):
    """Build one wall, in the way the test wants to see."""

    type = "mason.build_wall.v1"
    how: str = "well"
    seconds: float = 0.0
    times: int = 1


class WallBuilt(TaskResult):
    """A wall stands."""

    bricks: str


class WallFinished(Fact):
    """A wall is done with, one way or the other."""

    type = "wall.finished.v1"
    task_id: str
    state: str


class OrderWall(Query):
    """Have a wall built."""

    type = "foreman.order_wall.v1"
    task_id: str
    pool: str = "mason"
    how: str = "well"
    seconds: float = 0.0
    times: int = 1
    deadline_s: int = 60


class WallOrdered(Reply):
    """The wall is ordered."""

    type = "foreman.wall_ordered.v1"
    task_id: str
    account_id: str


class AskNobody(Query):
    """Asks a service that there is not."""

    type = "nobody.ask_anything.v1"


class AskNonsense(Query):
    """Be refused in the way the test wants to see."""

    type = "foreman.ask_nonsense.v1"
    how: str
    seconds: float = 0.0
