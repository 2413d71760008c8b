"""What the bus benchmark says, and how it calls."""

from __future__ import annotations

import time

from shared.bus.rpc import RpcClient
from shared.bus.topology import COMMON, rpc_of
from shared.contracts.message import Query, Reply
from shared.ids import AccountId

TOPOLOGY = COMMON + rpc_of("echo")
PAYLOAD = "x" * 200
CALLS = 300


class Say(Query):
    """Say something."""

    type = "echo.say.v1"
    text: str


class Said(Reply):
    """What was said."""

    type = "echo.said.v1"
    text: str


def calls_per_second(url: str) -> float:
    """Call the echo service one call after the other."""
    client = RpcClient(url)
    account = AccountId("account")
    for _ in range(20):
        client.call("echo", Say(text=PAYLOAD), Said, account_id=account)
    began = time.perf_counter()
    for _ in range(CALLS):
        client.call("echo", Say(text=PAYLOAD), Said, account_id=account)
    rate = CALLS / (time.perf_counter() - began)
    client.close()
    return rate
