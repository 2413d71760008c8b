"""Weighted fair share between accounts: whose task is dispatched next.

Start-time fair queueing (Goyal, Vin and Cheng 1996): each dispatch moves an account's virtual time forward by
1/weight, and the account that is furthest behind goes next. An account that comes back after a pause starts
where the others are; it has saved nothing up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Share:
    """One account's place in one pool."""

    account_id: str
    ready: int
    dispatched: int
    running: int
    weight: float
    virtual_time: float


def order_of_turns(shares: Iterable[Share]) -> list[Share]:
    """Accounts with ready tasks, the one that is furthest behind first."""
    return sorted((share for share in shares if share.ready > 0), key=lambda s: (s.virtual_time, s.account_id))


def after_dispatch(share: Share) -> float:
    """Virtual time of an account after one of its tasks was dispatched."""
    return share.virtual_time + 1.0 / share.weight


def on_arrival(own: float, active: Iterable[float]) -> float:
    """Virtual time of an account whose first ready task arrives.

    Args:
        own: Its virtual time so far, 0 for a new account.
        active: Virtual times of the accounts that have work in the pool.
    """
    return max(own, min(active, default=own))


def window(running: int, dispatched: int) -> int:
    """How many more commands may go to the broker: dispatched but not started stays ≤ max(2, running)."""
    return max(0, max(2, running) - dispatched)
