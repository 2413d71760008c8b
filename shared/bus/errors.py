"""Errors of the bus that its callers can act on; all of them may succeed later."""

from __future__ import annotations

from shared.errors import BrokerUnavailableError


class UnroutableError(BrokerUnavailableError):
    """A mandatory message found no queue: the topology is not declared on this broker."""

    code = "infrastructure.unroutable"


class RpcTimeoutError(BrokerUnavailableError):
    """A remote call was not answered before its deadline; whether it was carried out is unknown."""

    code = "infrastructure.rpc_timeout"
