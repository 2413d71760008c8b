"""The accounts' shares of the pools, as one transaction changes them.

Changes are collected and written once, at the end of the transaction, in the order of pool and account: shares are
the last rows that a transaction locks, and all lock them in the same order. See `services.orchestrator.store`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update

from services.orchestrator.domain.share import Share, after_dispatch, on_arrival
from services.orchestrator.tables import POOL_SHARES
from shared.contracts.jobs import TaskState
from shared.db import insert_if_absent

_COUNTED = {TaskState.READY: "ready", TaskState.DISPATCHED: "dispatched", TaskState.RUNNING: "running"}


@dataclass(kw_only=True)
class _Change:
    """What one transaction adds to one share."""

    counts: Counter[str] = field(default_factory=Counter)
    arrived: bool = False
    dispatches: int = 0

    def applied(self, share: Share) -> Share:
        counts = {name: getattr(share, name) + self.counts[name] for name in _COUNTED.values()}
        moved = replace(share, **counts)
        for _ in range(self.dispatches):
            moved = replace(moved, virtual_time=after_dispatch(moved))
        return moved


class ShareBook:
    """The shares as this transaction sees and changes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changes: dict[tuple[str, str], _Change] = {}

    def arrive(self, pool: str, account_id: str, tasks: int) -> None:
        """Count new ready tasks."""
        change = self._change(pool, account_id)
        change.counts["ready"] += tasks
        change.arrived = True

    def move(self, pool: str, account_id: str, old: TaskState, new: TaskState) -> None:
        """Count a task that goes from one state to another."""
        if old in _COUNTED:
            self._change(pool, account_id).counts[_COUNTED[old]] -= 1
        if new is TaskState.READY:
            self.arrive(pool, account_id, 1)
        elif new in _COUNTED:
            self._change(pool, account_id).counts[_COUNTED[new]] += 1

    def charge(self, pool: str, account_id: str) -> None:
        """Move the account's virtual time forward by one dispatch."""
        self._change(pool, account_id).dispatches += 1

    def busy(self, pool: str) -> list[Share]:
        """Accounts that have work in a pool, with the changes of this transaction."""
        rows = self._connection.execute(select(POOL_SHARES).where(POOL_SHARES.c.pool == pool, _BUSY)).mappings()
        shares = [self._seen(pool, _share(row)) for row in rows]
        return [share for share in shares if share.ready + share.dispatched + share.running > 0]

    def write(self) -> None:
        """Store all changes; to be called once, when nothing else of the transaction is left to do."""
        for (pool, account_id), change in sorted(self._changes.items(), key=lambda item: item[0]):
            self._write(pool, account_id, change)

    def _change(self, pool: str, account_id: str) -> _Change:
        return self._changes.setdefault((pool, account_id), _Change())

    def _seen(self, pool: str, share: Share) -> Share:
        change = self._changes.get((pool, share.account_id))
        return change.applied(share) if change else share

    def _write(self, pool: str, account_id: str, change: _Change) -> None:
        if change.arrived:
            insert_if_absent(self._connection, POOL_SHARES, pool=pool, account_id=account_id, **_NOTHING)
        row = (POOL_SHARES.c.pool == pool) & (POOL_SHARES.c.account_id == account_id)
        stored = _share(
            self._connection.execute(select(POOL_SHARES).where(row).with_for_update()).mappings().one()
        )
        changed = change.applied(self._returned(pool, stored) if change.arrived else stored)
        values = {
            **{name: getattr(changed, name) for name in _COUNTED.values()},
            "virtual_time": changed.virtual_time,
        }
        self._connection.execute(update(POOL_SHARES).where(row).values(values))

    def _returned(self, pool: str, share: Share) -> Share:
        """An account that was idle starts where the others are."""
        if share.ready + share.dispatched + share.running > 0:
            return share
        others = self._connection.scalars(
            select(POOL_SHARES.c.virtual_time).where(POOL_SHARES.c.pool == pool, _BUSY)
        )
        return replace(share, virtual_time=on_arrival(share.virtual_time, others))


_BUSY: ColumnElement[bool] = POOL_SHARES.c.ready + POOL_SHARES.c.dispatched + POOL_SHARES.c.running > 0
_NOTHING: dict[str, Any] = {"ready": 0, "dispatched": 0, "running": 0, "weight": 1.0, "virtual_time": 0.0}


def _share(row: RowMapping) -> Share:
    return Share(
        account_id=row["account_id"],
        ready=row["ready"],
        dispatched=row["dispatched"],
        running=row["running"],
        weight=row["weight"],
        virtual_time=row["virtual_time"],
    )
