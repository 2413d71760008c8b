"""The AMQP 0-9-1 methods that travel between client and broker, and their argument formats.

Formats are those of ``amqp.serialization``: b bit, B short, l long, L long long, s and S strings, F table.
"""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from struct import pack
from typing import Any

from amqp import spec
from amqp.exceptions import InvalidCommand
from amqp.serialization import dumps, loads

from shared.bus.memory.wire import Method

_PREFIX_BYTES = 4
"""Every payload begins with class and method number."""

FROM_CLIENT: dict[Method, str] = {
    spec.Connection.StartOk: "FsSs",
    spec.Connection.TuneOk: "BlB",
    spec.Connection.Open: "ssb",
    spec.Connection.Close: "BsBB",
    spec.Connection.CloseOk: "",
    spec.Channel.Open: "s",
    spec.Channel.Close: "BsBB",
    spec.Channel.CloseOk: "",
    spec.Exchange.Declare: "BssbbbbbF",
    spec.Exchange.Delete: "Bsbb",
    spec.Queue.Declare: "BsbbbbbF",
    spec.Queue.Bind: "BsssbF",
    spec.Queue.Unbind: "BsssF",
    spec.Queue.Purge: "Bsb",
    spec.Queue.Delete: "Bsbbb",
    spec.Basic.Qos: "lBb",
    spec.Basic.Consume: "BssbbbbF",
    spec.Basic.Cancel: "sb",
    spec.Basic.Publish: "Bssbb",
    spec.Basic.Get: "Bsb",
    spec.Basic.Ack: "Lb",
    spec.Basic.Reject: "Lb",
    spec.Basic.Nack: "Lbb",
    spec.Basic.Recover: "b",
    spec.Confirm.Select: "b",
}

FROM_BROKER: dict[Method, str] = {
    spec.Connection.Start: "ooFSS",
    spec.Connection.Tune: "BlB",
    spec.Connection.OpenOk: "s",
    spec.Connection.Close: "BsBB",
    spec.Connection.CloseOk: "",
    spec.Connection.Blocked: "s",
    spec.Connection.Unblocked: "",
    spec.Channel.OpenOk: "S",
    spec.Channel.Close: "BsBB",
    spec.Channel.CloseOk: "",
    spec.Exchange.DeclareOk: "",
    spec.Exchange.DeleteOk: "",
    spec.Queue.DeclareOk: "sll",
    spec.Queue.BindOk: "",
    spec.Queue.UnbindOk: "",
    spec.Queue.PurgeOk: "l",
    spec.Queue.DeleteOk: "l",
    spec.Basic.QosOk: "",
    spec.Basic.ConsumeOk: "s",
    spec.Basic.Cancel: "sb",
    spec.Basic.CancelOk: "s",
    spec.Basic.Return: "Bsss",
    spec.Basic.Deliver: "sLbss",
    spec.Basic.GetOk: "Lbssl",
    spec.Basic.GetEmpty: "s",
    spec.Basic.Ack: "Lb",
    spec.Basic.Nack: "Lb",
    spec.Basic.RecoverOk: "",
    spec.Confirm.SelectOk: "",
}


def encode(method: Method, *arguments: Any) -> bytes:
    """Arguments of a method from the broker in wire format."""
    body: bytes = dumps(FROM_BROKER[method], arguments)
    return pack(">HH", *method) + body


def decode(method: Method, payload: bytes) -> list[Any]:
    """Arguments of a method from a client.

    Raises:
        amqp.exceptions.InvalidCommand: This broker does not know the method.
    """
    try:
        wire_format = FROM_CLIENT[method]
    except KeyError:
        raise InvalidCommand(f"COMMAND_INVALID - unimplemented method {method}") from None
    arguments: list[Any] = loads(wire_format, payload, _PREFIX_BYTES)[0] if wire_format else []
    return arguments
