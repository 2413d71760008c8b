"""Nameko's own RPC and events on a broker, before and after all connections were closed; prints what it saw.

Usage: ``nameko_services.py URL``. Prints ``close connections`` when the caller shall do so, and waits for a line.
"""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import json
import logging
import sys
from typing import ClassVar

import eventlet
from nameko.events import event_handler
from nameko.exceptions import RemoteError, UnknownService
from nameko.rpc import RpcProxy, rpc
from nameko.runners import ServiceRunner
from nameko.standalone.events import event_dispatcher
from nameko.standalone.rpc import ClusterRpcProxy

from shared.bus import memory

PATIENCE_S = 20.0
EVENTS = 20


class Greeter:
    name = "greeter"
    echo = RpcProxy("echo")

    @rpc
    def greet(self, name: str) -> str:
        return f"hello {self.echo.repeat(name)}"


class Echo:
    name = "echo"
    heard: ClassVar[list[int]] = []

    @rpc
    def repeat(self, text: str) -> str:
        if not text:
            raise LookupError("nothing to repeat")
        return text

    @event_handler("town", "bell")
    def hear(self, payload: int) -> None:
        Echo.heard.append(payload)


def main(url: str) -> None:
    logging.disable(logging.CRITICAL)
    memory.register()
    config = {"AMQP_URI": url, "max_workers": 4}
    runner = ServiceRunner(config)
    for service in (Greeter, Echo):
        runner.add_service(service)
    runner.start()
    before = exercise(config)
    close_connections(url)
    after = exercise(config)
    runner.stop()
    print(json.dumps({"before": before, "after": after}), flush=True)


def exercise(config: dict[str, object]) -> dict[str, object]:
    Echo.heard.clear()
    with ClusterRpcProxy(config, timeout=PATIENCE_S) as services:
        seen = {
            "greeting": services.greeter.greet("ada"),
            "error": remote_error(services),
            "unknown": is_unknown(services),
        }
    dispatch = event_dispatcher(config)
    for number in range(EVENTS):
        dispatch("town", "bell", number)
    with eventlet.Timeout(PATIENCE_S):
        while len(Echo.heard) < EVENTS:
            eventlet.sleep(0.01)
    return seen | {"events": sorted(Echo.heard)}


def remote_error(services: ClusterRpcProxy) -> str:
    try:
        services.echo.repeat("")
    except RemoteError as error:
        return error.exc_type
    return "none"


def is_unknown(services: ClusterRpcProxy) -> bool:
    try:
        services.nobody.there()
    except UnknownService:
        return True
    return False


def close_connections(url: str) -> None:
    """The in-memory broker lives in this process, any other with the caller."""
    print("close connections", flush=True)
    if url.startswith("memory:"):
        memory.broker_at(url).close_all_connections()
    sys.stdin.readline()


main(sys.argv[1])
