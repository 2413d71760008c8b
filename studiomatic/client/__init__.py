"""The client: one port, reached over the broker of a farm or through a data folder of this machine.

    from studiomatic.client import Client          # amqp://, what a web gateway uses
    from studiomatic.client import FolderClient    # embedded, what `studio` uses by default

Each is loaded when it is first named: the one needs no database library, the other no broker.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from studiomatic.client.errors import BrokerRefusedError, ClientClosedError, NothingServesError
from studiomatic.client.port import ClientPort, JobEvent

if TYPE_CHECKING:
    from studiomatic.client.bus import AccountClient, Client
    from studiomatic.client.folder import FolderClient
    from studiomatic.client.link import LinkState
    from studiomatic.client.subscribing import Subscription

__all__ = [
    "AccountClient",
    "BrokerRefusedError",
    "Client",
    "ClientClosedError",
    "ClientPort",
    "FolderClient",
    "JobEvent",
    "LinkState",
    "NothingServesError",
    "Subscription",
]

_HOMES = {
    "AccountClient": "studiomatic.client.bus",
    "Client": "studiomatic.client.bus",
    "FolderClient": "studiomatic.client.folder",
    "LinkState": "studiomatic.client.link",
    "Subscription": "studiomatic.client.subscribing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
