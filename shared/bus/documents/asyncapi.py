"""The AsyncAPI 3.0 document of the bus.

The application it describes is Studiomatic as a whole: it ``send``s facts and commands and ``receive``s calls. A
channel is a routing key of an exchange, or a durable queue. What the AMQP bindings have no word for stands in
``x-`` fields: who may publish or read, what a queue is bound to, and its arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.bus.documents.protection import SIGNATURE_HEADERS, protection_of
from shared.bus.documents.routes import Route, messages_of_queue, readers_of_queue, routes
from shared.bus.documents.schemas import Json, definitions_of, envelope_schema, summary
from shared.bus.topology import (
    DEAD_EXCHANGE,
    REPLIES_EXCHANGE,
    RPC_EXCHANGE,
    TOPOLOGY,
    Queue,
    rpc_queue,
)
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed
from shared.contracts.envelope import CONTENT_TYPE
from shared.contracts.message import Message, MessageKind, Protection
from shared.contracts.registry import ANY_CALL_REFUSED_WITH, CALLS, MESSAGES, Call

_BINDING = "0.3.0"
"""Version of AsyncAPI's AMQP bindings."""

_DESCRIPTION = (
    "Messages of Studiomatic on RabbitMQ: CloudEvents 1.0 in structured JSON. Rules for readers and senders are in"
    " docs/contracts/README.md, JSON Schemas 2020-12 of every message in docs/contracts/schemas."
)


def document(examples: Mapping[str, Json], version: str) -> Json:
    """The whole document.

    Args:
        examples: A message as it was sent, by wire name.
        version: Of Studiomatic.
    """
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Studiomatic",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": kind.value} for kind in MessageKind],
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": {name: _message(contract, examples[name]) for name, contract in MESSAGES.items()},
            "schemas": _schemas(),
            "securitySchemes": {"user": {"type": "userPassword", "description": "A user of the broker"}},
        },
    }


def queue_channel(queue: str) -> str:
    """Name of the channel that describes a queue."""
    return f"queue.{queue}"


def _server() -> Json:
    return {
        "host": "{address}",
        "pathname": "/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ 3.10 or later",
        "variables": {
            "address": {"default": "localhost:5672", "description": "Host and port"},
            "vhost": {"default": "studio", "description": "Virtual host"},
        },
        "security": [{"$ref": "#/components/securitySchemes/user"}],
    }


def _channels() -> Json:
    ways = {route.name: _route_channel(route) for route in routes()}
    return ways | {queue_channel(queue.name): _queue_channel(queue) for queue in TOPOLOGY.queues}


def _route_channel(route: Route) -> Json:
    exchange = route.exchange
    return {
        "address": route.routing_key,
        "title": route.name,
        "messages": _message_references(route.messages),
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": exchange.name,
                    "type": exchange.kind.value,
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": _BINDING,
            }
        },
        "x-may-publish": list(route.publishers),
        "x-may-subscribe": list(route.subscribers),
        "x-queues": list(route.queues),
    }


def _queue_channel(queue: Queue) -> Json:
    return {
        "address": queue.name,
        "title": queue.name,
        "messages": _message_references(messages_of_queue(queue.name)),
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {"name": queue.name, "durable": True, "exclusive": False, "autoDelete": False},
                "bindingVersion": _BINDING,
            }
        },
        "x-arguments": queue.arguments(),
        "x-bound-to": [
            {"exchange": binding.exchange, "routing-key": binding.routing_key}
            for binding in TOPOLOGY.bindings
            if binding.queue == queue.name
        ],
        "x-may-read": list(readers_of_queue(queue.name)),
    }


def _operations() -> Json:
    sent = {
        f"send.{route.name}": _operation("send", route.name, route.messages)
        for route in routes()
        if route.publishers and route.exchange.name not in (RPC_EXCHANGE, REPLIES_EXCHANGE, DEAD_EXCHANGE)
    }
    read = {
        f"receive.{queue.name}": _operation("receive", queue_channel(queue.name), messages_of_queue(queue.name))
        for queue in TOPOLOGY.queues
        if readers_of_queue(queue.name) and queue.name not in map(rpc_queue, _services())
    }
    return sent | read | {f"answer.{call.query.routing_key()}": _answer(call) for call in CALLS}


def _operation(action: str, channel: str, messages: Iterable[type[Message]]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": _channel_messages(channel, messages),
    }


def _answer(call: Call) -> Json:
    return _operation("receive", f"{RPC_EXCHANGE}.{call.query.routing_key()}", [call.query]) | {
        "summary": summary(call.query),
        "reply": {
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": f"#/channels/{REPLIES_EXCHANGE}"},
            "messages": _channel_messages(REPLIES_EXCHANGE, [call.reply, CallFailed]),
        },
        "x-refused-with": [error.code for error in (*call.refused_with, *ANY_CALL_REFUSED_WITH)],
    }


def _message(contract: type[Message], example: Json) -> Json:
    message: Json = {
        "name": contract.type,
        "title": contract.__name__,
        "summary": summary(contract),
        "tags": [{"name": contract.kind.value}],
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": f"#/components/schemas/{contract.type}"},
        "bindings": {"amqp": {"contentEncoding": "utf-8", "bindingVersion": _BINDING}},
        "examples": [{"name": contract.__name__, "payload": example}],
        "x-protection": protection_of(contract).value,
    }
    headers = _headers(contract)
    if headers:
        message["headers"] = headers
    match contract.kind:
        case MessageKind.QUERY:
            message["correlationId"] = {"location": "$message.payload#/id"}
        case MessageKind.REPLY:
            message["correlationId"] = {"location": "$message.payload#/causationid"}
    return message


def _headers(contract: type[Message]) -> Json | None:
    """Schema of what stands beside the body; None when nothing does."""
    properties: Json = {}
    required = []
    if contract.kind is MessageKind.QUERY:
        properties |= _QUERY_HEADERS
        required.append("reply_to")
    if protection_of(contract) is not Protection.NONE:
        properties |= SIGNATURE_HEADERS
        required += SIGNATURE_HEADERS
        if contract.kind is not MessageKind.REPLY:
            properties |= _ROUTE_HEADERS
            required += _ROUTE_HEADERS
    return {"type": "object", "properties": properties, "required": required} if properties else None


_QUERY_HEADERS: Json = {
    TIMEOUT_HEADER: {
        "type": "integer",
        "minimum": 1,
        "description": "How many milliseconds the caller waits; then the call is not carried out any more",
    },
    "reply_to": {
        "type": "string",
        "description": "AMQP property: name of the queue that the answer goes to, by way of studio.replies",
    },
}

_ROUTE_HEADERS: Json = {
    "exchange": {"type": "string", "description": "Where it was published; signed with it"},
    "routing-key": {"type": "string", "description": "Under which key; signed with it"},
}


def _schemas() -> Json:
    reference = "#/components/schemas/"
    values = definitions_of(MESSAGES.values(), reference + "{model}")
    envelopes = {
        name: envelope_schema(contract, reference + contract.__name__) for name, contract in MESSAGES.items()
    }
    schemas: Json = _alone({**values, **envelopes})
    return schemas


def _alone(schema: Any) -> Any:
    """References without words beside them: readers of AsyncAPI ignore those."""
    if isinstance(schema, list):
        return [_alone(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and len(schema) > 1:
        rest = {name: part for name, part in schema.items() if name != "$ref"}
        return {"allOf": [{"$ref": schema["$ref"]}], **rest}
    return {name: _alone(part) for name, part in schema.items()}


def _message_references(messages: Iterable[type[Message]]) -> Json:
    return {message.type: {"$ref": f"#/components/messages/{message.type}"} for message in messages}


def _channel_messages(channel: str, messages: Iterable[type[Message]]) -> list[Json]:
    return [{"$ref": f"#/channels/{channel}/messages/{message.type}"} for message in messages]


def _services() -> set[str]:
    return {call.service for call in CALLS}
