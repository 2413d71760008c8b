"""Every exchange, queue, binding and right on the broker, in one table.

Queues are declared from it, RabbitMQ's definitions are generated from it, and nothing else invents names.
Plain data: importing it loads no broker library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.bus.outgoing import COMMANDS_EXCHANGE, events_exchange
from shared.contracts.message import Query
from shared.contracts.projects import GetOutline
from shared.contracts.registry import CALLS
from shared.contracts.vault import (
    CheckTotp,
    ConfirmTotp,
    DeliverKey,
    ExportKeyMetadata,
    NewTotp,
    RemoveTotp,
    ShredUser,
)

DEAD_EXCHANGE = "studio.dead"
RPC_EXCHANGE = "studio.rpc"
REPLIES_EXCHANGE = "studio.replies"
UNREADABLE_QUEUE = "studio.unreadable"
JOB_CANCELLING_KEY = "job.cancelling"

DELIVERY_LIMIT = 20
"""Deliveries before a message is set aside. Every lost connection costs one, so it must outlast a bad network."""

PROGRESS_BACKLOG = 10_000
"""Progress reports kept for a slow listener; older ones are worthless and dropped."""

OWN_BACKLOG = 10_000
OWN_BACKLOG_BYTES = 64 * 1024**2
"""Messages, and their bytes, kept in a control or reply queue; who leaves that much unread is not alive."""
OWN_IDLE_MS = 10 * 60 * 1000
"""A control or reply queue that nobody reads is deleted after this [ms]."""
SUBSCRIPTION_BACKLOG = 100_000
SUBSCRIPTION_BACKLOG_BYTES = 256 * 1024**2
"""Facts, and their bytes, kept for a subscriber that is away; dropped ones are still stored with their job."""
SUBSCRIPTION_IDLE_MS = 7 * 24 * 60 * 60 * 1000
"""A subscriber that is away for longer than this has to subscribe again [ms]."""


class ExchangeKind(StrEnum):
    """How an exchange picks queues."""

    DIRECT = "direct"  # routing key equals binding key
    TOPIC = "topic"  # binding key is a pattern


class QueueKind(StrEnum):
    """How the broker keeps a queue."""

    QUORUM = "quorum"  # replicated; for what must not be lost
    CLASSIC = "classic"  # one node; for what is worthless after a moment


class OwnQueue(StrEnum):
    """What a queue is for that a user declares himself; the first part of its name."""

    CONTROL = "control"  # exclusive: cancellations for one process
    REPLIES = "replies"  # exclusive: answers to the calls of one connection
    SUBSCRIPTIONS = "subscriptions"  # durable: facts for a program that may be away for a while


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: ExchangeKind


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A durable queue.

    Attributes:
        dead_letter: Messages that cannot be handled go to ``<name>.dead`` instead of being dropped.
        delivery_limit: Deliveries before that happens; quorum queues only.
        max_length: Most messages kept; the oldest are dropped.
    """

    name: str
    kind: QueueKind
    dead_letter: bool = False
    delivery_limit: int | None = None
    max_length: int | None = None

    def arguments(self) -> dict[str, str | int]:
        """Queue arguments as RabbitMQ names them.

        ``at-least-once`` dead-lettering needs ``reject-publish``, else RabbitMQ silently does at-most-once.
        """
        arguments: dict[str, str | int] = {"x-queue-type": self.kind.value}
        if self.delivery_limit is not None:
            arguments["x-delivery-limit"] = self.delivery_limit
        if self.dead_letter:
            arguments["x-dead-letter-exchange"] = DEAD_EXCHANGE
            arguments["x-dead-letter-routing-key"] = self.name
            arguments["x-dead-letter-strategy"] = "at-least-once"
            arguments["x-overflow"] = "reject-publish"
        if self.max_length is not None:
            arguments["x-max-length"] = self.max_length
            arguments["x-overflow"] = "drop-head"
        return arguments


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Messages of ``exchange`` whose routing key matches go to ``queue``."""

    exchange: str
    queue: str
    routing_key: str


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What one broker user may do; everything else is refused by the broker.

    Attributes:
        publishes: Exchange name to the pattern of routing keys it may use there; None for direct exchanges.
        consumes: Queues it reads.
        subscribes: Exchange name to the pattern of routing keys for which it may bind its own queues there; None
            for direct exchanges.
        own_queues: Kinds of queues that it may declare, bind and read under its own name.
    """

    user: str
    publishes: Mapping[str, str | None] = field(default_factory=dict)
    consumes: tuple[str, ...] = ()
    subscribes: Mapping[str, str | None] = field(default_factory=dict)
    own_queues: tuple[OwnQueue, ...] = (OwnQueue.CONTROL, OwnQueue.REPLIES)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the broker imposes on queues that users declare themselves, whatever arguments they give.

    Attributes:
        pattern: Regular expression that finds the names of the queues.
        max_length, max_bytes: Most messages kept, and most bytes; the oldest are dropped.
        expires_ms: A queue without consumers is deleted after this.
    """

    name: str
    pattern: str
    max_length: int
    max_bytes: int
    expires_ms: int


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A set of exchanges, queues, bindings, rights and policies; two of them can be added."""

    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()
    rights: tuple[Rights, ...] = ()
    policies: tuple[Policy, ...] = ()

    def __add__(self, other: Topology) -> Topology:
        return Topology(
            exchanges=_union(self.exchanges, other.exchanges),
            queues=_union(self.queues, other.queues),
            bindings=_union(self.bindings, other.bindings),
            rights=_union(self.rights, other.rights),
            policies=_union(self.policies, other.policies),
        )

    def queue(self, name: str) -> Queue:
        """The queue of that name.

        Raises:
            KeyError: There is none; names are written in this table first.
        """
        for queue in self.queues:
            if queue.name == name:
                return queue
        raise KeyError(f"no queue named {name} in the topology")


def rpc_queue(service: str) -> str:
    """Queue of the remote calls to a service."""
    return f"{service}.rpc"


def dead_queue(queue: str) -> str:
    """Queue of the messages that ``queue`` could not get handled."""
    return f"{queue}.dead"


def own_queue_prefix(purpose: str, user: str) -> str:
    """Beginning of the names of a user's own queues of one kind: a value of `OwnQueue`."""
    return f"{purpose}.{user}."


def events_of(service: str) -> Topology:
    """The exchange of a service's facts."""
    return Topology(exchanges=(Exchange(name=events_exchange(service), kind=ExchangeKind.TOPIC),))


def pool(name: str) -> Topology:
    """A worker pool: its command queue and what became undeliverable there."""
    return _reliable(name) + Topology(
        bindings=(Binding(exchange=COMMANDS_EXCHANGE, queue=name, routing_key=name),)
    )


def listener(name: str, *sources: tuple[str, str]) -> Topology:
    """A durable queue of facts.

    Args:
        sources: Pairs of service and routing pattern, e.g. ``("renderer", "attempt.*")``.
    """
    return _reliable(name) + Topology(bindings=_from_events(name, sources))


def lossy_listener(name: str, *sources: tuple[str, str]) -> Topology:
    """A bounded queue of facts of which only the newest matter."""
    queue = Queue(name=name, kind=QueueKind.CLASSIC, max_length=PROGRESS_BACKLOG)
    return Topology(queues=(queue,), bindings=_from_events(name, sources))


def rpc_of(service: str) -> Topology:
    """The queue of remote calls to a service; calls are worthless after their deadline.

    A call is routed by its wire name without the version, e.g. ``content.get_project``, so that the broker decides
    who may ask what.
    """
    queue = Queue(name=rpc_queue(service), kind=QueueKind.CLASSIC)
    binding = Binding(exchange=RPC_EXCHANGE, queue=queue.name, routing_key=f"{service}.*")
    return Topology(queues=(queue,), bindings=(binding,))


def _reliable(name: str) -> Topology:
    """A queue that loses nothing; what cannot even be read from its dead letters ends in one last place."""
    return Topology(
        queues=(
            Queue(name=name, kind=QueueKind.QUORUM, dead_letter=True, delivery_limit=DELIVERY_LIMIT),
            Queue(name=dead_queue(name), kind=QueueKind.QUORUM, dead_letter=True, delivery_limit=DELIVERY_LIMIT),
        ),
        bindings=(
            Binding(exchange=DEAD_EXCHANGE, queue=dead_queue(name), routing_key=name),
            Binding(exchange=DEAD_EXCHANGE, queue=UNREADABLE_QUEUE, routing_key=dead_queue(name)),
        ),
    )


def _from_events(queue: str, sources: tuple[tuple[str, str], ...]) -> tuple[Binding, ...]:
    return tuple(
        Binding(exchange=events_exchange(service), queue=queue, routing_key=pattern)
        for service, pattern in sources
    )


def _calls(*queries: type[Query]) -> str:
    """Pattern of the routing keys of these calls."""
    names: dict[str, list[str]] = {}
    for query in queries:
        service, name = query.routing_key().split(".")
        names.setdefault(service, []).append(name)
    return (
        "^(" + "|".join(rf"{service}\.({'|'.join(sorted(set(each)))})" for service, each in names.items()) + ")$"
    )


def _facts(*keys: str) -> str:
    """Pattern of exactly these routing keys."""
    return "^(" + "|".join(key.replace(".", r"\.") for key in keys) + ")$"


def _without(queries: Iterable[type[Query]]) -> tuple[type[Query], ...]:
    """All calls but these."""
    left_out = set(queries)
    return tuple(call.query for call in CALLS if call.query not in left_out)


def _union(first: tuple, second: tuple) -> tuple:  # type: ignore[type-arg]  # five kinds of row, one rule
    return first + tuple(row for row in second if row not in first)


POOLS = ("content-text", "content-media", "renderer")
"""The worker pools; a command is addressed to one of them."""

CALLS_OF_SERVICES: Mapping[str, tuple[type[Query], ...]] = {
    "orchestrator": (GetOutline,),
    "content": (DeliverKey,),
    "auth": (NewTotp, ConfirmTotp, CheckTotp, RemoveTotp),
    "gdpr": (ShredUser, ExportKeyMetadata),
}
"""The calls that services make to each other, by caller."""

CALLS_OF_PEOPLE = _without(query for queries in CALLS_OF_SERVICES.values() for query in queries)
"""The calls that edges make for a person: all others."""

_VAULT_HEARS = (
    "session.revoked",
    "account.deletion_requested",
    "account.deletion_cancelled",
    "account.disabled",
    "account.enabled",
    "account.purged",
)
_CONTENT_HEARS = (
    "account.registered",
    "account.confirmed",
    "account.deletion_requested",
    "account.deletion_cancelled",
    "account.disabled",
    "account.enabled",
    "account.purged",
)
_ONLY_CANCELLING = _facts(JOB_CANCELLING_KEY)
_WORKERS = ("content", "renderer")
_RESULTS = ("attempt.started", "attempt.deferred", "attempt.succeeded", "attempt.failed")

COMMON = Topology(
    exchanges=(
        Exchange(name=COMMANDS_EXCHANGE, kind=ExchangeKind.DIRECT),
        Exchange(name=DEAD_EXCHANGE, kind=ExchangeKind.TOPIC),
        # Topic, not direct: only topic exchanges let the broker decide which user may call which service.
        Exchange(name=RPC_EXCHANGE, kind=ExchangeKind.TOPIC),
        Exchange(name=REPLIES_EXCHANGE, kind=ExchangeKind.DIRECT),
    ),
    queues=(Queue(name=UNREADABLE_QUEUE, kind=QueueKind.QUORUM),),
    policies=(
        Policy(
            name="own-queues",
            pattern=r"^(control|replies)\.",
            max_length=OWN_BACKLOG,
            max_bytes=OWN_BACKLOG_BYTES,
            expires_ms=OWN_IDLE_MS,
        ),
        Policy(
            name="subscriptions",
            pattern=r"^subscriptions\.",
            max_length=SUBSCRIPTION_BACKLOG,
            max_bytes=SUBSCRIPTION_BACKLOG_BYTES,
            expires_ms=SUBSCRIPTION_IDLE_MS,
        ),
    ),
)
"""What every set of services needs, tests included."""

RIGHTS = Topology(
    rights=(
        Rights(
            user="orchestrator",
            publishes={
                COMMANDS_EXCHANGE: None,
                events_exchange("orchestrator"): r"^(job|task)\.[a-z_]+$",
                RPC_EXCHANGE: _calls(*CALLS_OF_SERVICES["orchestrator"]),
                REPLIES_EXCHANGE: None,
            },
            consumes=(
                "orchestrator.attempts",
                "orchestrator.progress",
                rpc_queue("orchestrator"),
                *(dead_queue(name) for name in POOLS),
            ),
            subscribes={REPLIES_EXCHANGE: None},
        ),
        Rights(
            user="content",
            publishes={
                events_exchange("content"): r"^attempt\.[a-z_]+$",
                RPC_EXCHANGE: _calls(*CALLS_OF_SERVICES["content"]),
                REPLIES_EXCHANGE: None,
            },
            consumes=(
                "content-text",
                "content-media",
                "content.cancellations",
                "content.accounts",
                rpc_queue("content"),
            ),
            subscribes={events_exchange("orchestrator"): _ONLY_CANCELLING, REPLIES_EXCHANGE: None},
        ),
        Rights(
            user="renderer",
            publishes={events_exchange("renderer"): r"^attempt\.[a-z_]+$"},
            consumes=("renderer",),
            subscribes={events_exchange("orchestrator"): _ONLY_CANCELLING},
        ),
        Rights(
            user="auth",
            publishes={
                events_exchange("auth"): r"^(account|session)\.[a-z_]+$",
                RPC_EXCHANGE: _calls(*CALLS_OF_SERVICES["auth"]),
                REPLIES_EXCHANGE: None,
            },
            consumes=("auth.renders", rpc_queue("auth")),
            subscribes={REPLIES_EXCHANGE: None},
            own_queues=(OwnQueue.REPLIES,),
        ),
        Rights(
            user="keyvault",
            publishes={events_exchange("keyvault"): r"^vault\.[a-z_]+$", REPLIES_EXCHANGE: None},
            consumes=("keyvault.accounts", rpc_queue("keyvault")),
            own_queues=(),
        ),
        Rights(
            user="gdpr",
            publishes={RPC_EXCHANGE: _calls(*CALLS_OF_SERVICES["gdpr"]), REPLIES_EXCHANGE: None},
            consumes=("gdpr.audit_heads", rpc_queue("gdpr")),
            subscribes={REPLIES_EXCHANGE: None},
            own_queues=(OwnQueue.REPLIES,),
        ),
        # Edges state the account of a call, so they are the only ones that may call for somebody.
        Rights(
            user="edge",
            publishes={RPC_EXCHANGE: _calls(*CALLS_OF_PEOPLE)},
            subscribes={
                REPLIES_EXCHANGE: None,
                events_exchange("orchestrator"): r"^(job|task)\.[a-z_*]+$",
            },
            own_queues=tuple(OwnQueue),
        ),
    )
)

TOPOLOGY = (
    COMMON
    + events_of("content")
    + events_of("renderer")
    + events_of("orchestrator")
    + events_of("auth")
    + events_of("keyvault")
    + pool("content-text")
    + pool("content-media")
    + pool("renderer")
    + listener("orchestrator.attempts", *((worker, key) for worker in _WORKERS for key in _RESULTS))
    + lossy_listener("orchestrator.progress", *((worker, "attempt.progressed") for worker in _WORKERS))
    + listener("content.cancellations", ("orchestrator", JOB_CANCELLING_KEY))
    + listener("content.accounts", *(("auth", key) for key in _CONTENT_HEARS))
    + listener("keyvault.accounts", *(("auth", key) for key in _VAULT_HEARS))
    + listener("auth.renders", ("orchestrator", "job.succeeded"))
    + listener("gdpr.audit_heads", ("keyvault", "vault.audit_head_signed"))
    + rpc_of("orchestrator")
    + rpc_of("content")
    + rpc_of("auth")
    + rpc_of("keyvault")
    + rpc_of("gdpr")
    + RIGHTS
)
"""The topology of Studiomatic."""
