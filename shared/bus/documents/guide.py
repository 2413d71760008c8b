"""The page that says how to read and send messages from any language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from shared.bus.documents.markdown import code, fields, names, page, table
from shared.bus.documents.routes import messages_of_queue, readers_of_queue, routes
from shared.bus.documents.schemas import Json, plain, plain_words
from shared.bus.guarding import WINDOW
from shared.bus.sealed_data import REPLY_KEY, SEALED
from shared.bus.signed_facts import FACT_LIFE
from shared.bus.topology import (
    DEAD_EXCHANGE,
    REPLIES_EXCHANGE,
    RPC_EXCHANGE,
    SUBSCRIPTION_BACKLOG,
    SUBSCRIPTION_IDLE_MS,
    TOPOLOGY,
    OwnQueue,
    Queue,
    own_queue_prefix,
)
from shared.contracts.calls import TIMEOUT_HEADER
from shared.contracts.envelope import CONTENT_TYPE, MAX_BODY_BYTES, Envelope
from shared.contracts.jobs import GetJob, JobSucceeded
from shared.contracts.registry import ANY_CALL_REFUSED_WITH, CALLS
from shared.errors import StudiomaticError

_USER = "edge"
"""The broker user of programs outside."""


def guide(examples: Mapping[str, Json]) -> str:
    """The text of ``README.md``."""
    return page(
        "# Messages",
        "Everything that travels between the services of Studiomatic, and between them and you. All that lies here"
        " is generated from the code by `make contracts`; a test keeps it so.",
        _contents(),
        _listen(),
        _envelope(examples[JobSucceeded.type]),
        _rules(),
        _calls(),
        _protection(),
        _errors(),
        _broker_objects(),
    )


def _contents() -> str:
    return table(
        ("", ""),
        [
            ("[facts.md](facts.md)", "what has happened; anyone may listen"),
            ("[calls.md](calls.md)", "questions and their answers: projects, media, jobs, accounts, the vault"),
            ("[commands.md](commands.md)", "orders to the worker pools"),
            ("[values.md](values.md)", "what messages are made of"),
            ("[schemas/](schemas)", "JSON Schema 2020-12 of each message, envelope included"),
            ("[asyncapi.json](asyncapi.json)", "AsyncAPI 3.0: channels, operations, messages"),
        ],
    )


def _listen() -> str:
    prefix = own_queue_prefix(OwnQueue.SUBSCRIPTIONS, _USER)
    days = timedelta(milliseconds=SUBSCRIPTION_IDLE_MS).days
    return f"""## Listen from any language

Any AMQP 0-9-1 library will do. As broker user `{_USER}`:

1. Declare a durable queue `{prefix}<name>` with the arguments `x-queue-type: quorum` and
   `x-delivery-limit: 1000` (without it RabbitMQ 4 drops a message that was on the way when the connection was lost
   20 times). Programs that use the same name share its messages; each program that wants all of them takes a name
   of its own.
2. Bind it to the topic exchange `orchestrator.events` with the routing keys you want: `job.succeeded`, `job.*`,
   `task.*`.
3. Consume with acknowledgements and a prefetch, and acknowledge when you have done your part.
4. When the connection is lost, connect again and repeat all three: declaring what exists changes nothing.

`examples/subscribe_with_plain_pika.py` does it in Python without Studiomatic.

While you are away the broker keeps up to {SUBSCRIPTION_BACKLOG:,} facts for {days} days. What it dropped is still
stored: [orchestrator.list_facts](calls.md#orchestratorlist_factsv1) reads the facts of a job from any sequence."""


def _envelope(example: Json) -> str:
    return page(
        "## The envelope",
        f"A body is one CloudEvent 1.0 in structured JSON (`{CONTENT_TYPE}`, UTF-8) of at most {MAX_BODY_BYTES:,}"
        " bytes. Media never travel on the bus, only references to stored objects.",
        fields(plain(Envelope.model_json_schema())),
        code(example),
    ).rstrip()


def _rules() -> str:
    return """## Rules

- **At least once.** A message may come twice, also to another process of yours. Remember the `id` of what you
  have handled, in the same transaction as its effect.
- **Order by `sequence`.** The facts of one job are numbered from 1 without a gap, and may arrive out of order.
  Where order matters to you keep the last sequence you handled of each job: one at or below it is a repetition,
  and when one above it is missing ask for it with [orchestrator.list_facts](calls.md#orchestratorlist_factsv1).
  Facts of attempts have no sequence.
- **Versions.** `type` ends in the version. A version never changes but for new optional fields: ignore fields
  you do not know. Anything else is a new version with a new name, and both are accepted for one release.
  Routing keys have no version, so look at `type` before you read `data`.
- **Unreadable messages** must not stop you: set them aside, count them, go on.
- **No personal data in attributes.** Slides, narrations and topics are read with a call, by who may."""


def _calls() -> str:
    prefix = own_queue_prefix(OwnQueue.REPLIES, _USER)
    return f"""## Calls

1. Declare an exclusive queue `{prefix}<anything>` and bind it to `{REPLIES_EXCHANGE}` with its own name.
2. Publish the question to `{RPC_EXCHANGE}` with its wire name without the version as routing key, e.g.
   `{GetJob.routing_key()}`, the flag `mandatory`, the properties `reply_to` (your queue), `correlation_id` (the
   envelope's `id`) and `expiration`, and the header `{TIMEOUT_HEADER}`, both saying for how many milliseconds you
   wait; after that the call is not carried out. `accountid` in the envelope says whose projects and jobs they are;
   only trusted edges may call.
3. The answer's `causationid` and `correlation_id` are the `id` of the question.
4. No answer in time: ask again. Calls that make something carry an `idempotency_key`: the same key
   and request give the same thing once, the same key with another request is refused with `conflict`."""


def _protection() -> str:
    return f"""## Protected messages

What decides about accounts and keys must not depend on the broker being honest. The contract of a message says
what it demands, and a receiver believes nothing less:

| Protection | What is added |
|---|---|
| signed fact | headers `kid`, `sig`, `exchange`, `routing-key` |
| signed call | the same on the question; `kid` and `sig` on the answer |
| sealed call | signed, and `data` is closed to the other end |

`x-protection` in [asyncapi.json](asyncapi.json) says it for each message. All schemas show `data` in clear.

- **Keys.** Every service, and the edge, has one Ed25519 key. `kid` is its name and the first 8 hex digits of
  the SHA-256 of its public key; the public keys are pinned in a file that every process has.
- **Signature.** Ed25519 (RFC 8032) over the parts `studiomatic-message-v1`, `kid`, exchange, routing key, body,
  each after its length in 8 bytes, big-endian; of an answer over `studiomatic-answer-v1`, `kid`, SHA-256 of the
  question's body, body. The body is signed in exactly the bytes that are sent. The signer must be the service
  in `source`, a fact's signer the owner of its exchange, and the message must have come by the route that was
  signed.
- **Seal.** HPKE base mode (RFC 9180) with X25519, HKDF-SHA256 and AES-256-GCM. A question's `data` is
  `{{"{SEALED}": …, "{REPLY_KEY}": …}}`: the box for the service's pinned key, and a one-time public key. The
  answer's `data` is `{{"{SEALED}": …}}`, a box for that one-time key. `info` of the question are the parts
  `studiomatic/bus/question/1`, `type`, `id`, `source`, `{REPLY_KEY}`; of the answer `studiomatic/bus/answer/1`,
  `type`, SHA-256 of the question's body; each part after its length in 4 bytes, big-endian.
- **Copies.** A question whose `time` is more than {WINDOW.seconds} s from the service's clock is refused, and a
  second copy within that time is dropped without an answer: ask again with a new `id`. A signed fact older than
  {FACT_LIFE.days} days is set aside.
- **Refused.** A question that is not believed is answered with `not_genuine`, signed but not sealed. An answer
  that is not believed is no answer. Facts that are not believed are set aside and counted."""


def _errors() -> str:
    known = dict.fromkeys((*ANY_CALL_REFUSED_WITH, *(error for call in CALLS for error in call.refused_with)))
    rows = [
        (f"`{error.code}`", _who(error), "yes" if error.retryable else "no", _meaning(error)) for error in known
    ]
    return page(
        "## Errors",
        "A refused call is answered with [bus.call_failed.v1](calls.md#buscall_failedv1); failed jobs, tasks and"
        " attempts carry the same [ErrorInfo](values.md#errorinfo). `code` is stable, `message` may be shown and"
        " says what to do, `retryable` whether the same request may succeed later.",
        table(("Code", "Calls", "Retryable", "Meaning"), rows),
        "Codes may be longer by a part after a dot, e.g. `infrastructure.database`: read an unknown one as its"
        " beginning. Codes of failed attempts name their service, e.g. `renderer.disk_full`.",
    ).rstrip()


def _who(error: type[StudiomaticError]) -> str:
    """Which calls are refused with an error."""
    if error in ANY_CALL_REFUSED_WITH:
        return "any"
    return names(call.query.routing_key() for call in CALLS if error in call.refused_with)


def _meaning(error: type[StudiomaticError]) -> str:
    if error is StudiomaticError:
        return "something unexpected; the log of the service that answered names the cause"
    return plain_words((error.__doc__ or "").split("\n\n", 1)[0])


def _broker_objects() -> str:
    """Exchanges, queues and users."""
    return page(
        "## What is on the broker",
        "All of it is declared ahead from one table; nobody else may declare or bind anything but his own queues.",
        "### Exchanges",
        table(
            ("Exchange", "Kind", "Routing keys", "May publish", "May subscribe"), map(_exchange, _exchange_names())
        ),
        "### Queues",
        table(("Queue", "Kind", "Bound to", "Read by", "Holds"), map(_queue, TOPOLOGY.queues)),
        "### Own queues",
        table(
            ("User", "Queues"),
            (
                (f"`{user.user}`", names(own_queue_prefix(each, user.user) + "…" for each in user.own_queues))
                for user in TOPOLOGY.rights
            ),
        ),
    ).rstrip()


def _exchange_names() -> list[str]:
    return [exchange.name for exchange in TOPOLOGY.exchanges]


def _exchange(name: str) -> tuple[str, ...]:
    ways = [way for way in routes() if way.exchange.name == name]
    keys = names(way.routing_key for way in ways if way.routing_key) or "name of the reader's queue"
    if name == RPC_EXCHANGE:
        keys = "names of the calls"
    publishers = names(dict.fromkeys(user for way in ways for user in way.publishers))
    subscribers = names(dict.fromkeys(user for way in ways for user in way.subscribers))
    if name == DEAD_EXCHANGE:
        publishers = "the broker"
    return f"`{name}`", ways[0].exchange.kind.value, keys, publishers, subscribers


def _queue(queue: Queue) -> tuple[str, ...]:
    bound = [binding for binding in TOPOLOGY.bindings if binding.queue == queue.name]
    return (
        f"`{queue.name}`",
        queue.kind.value,
        names(f"{binding.exchange}: {binding.routing_key}" for binding in bound),
        names(readers_of_queue(queue.name)) or "an administrator",
        names(message.type for message in messages_of_queue(queue.name)),
    )
