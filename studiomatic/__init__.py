"""Studiomatic: a topic or slides in, a narrated video out.

    from studiomatic import Client

    with Client("amqp://edge:PASSWORD@broker.example/studio", account_id) as client:
        ...

Importing this package loads no framework, broker or codec; the client is loaded when it is first named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studiomatic.client import Client

__version__ = "0.1.0"
__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> Any:
    if name != "Client":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from studiomatic.client import Client

    return Client
