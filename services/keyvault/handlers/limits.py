"""Counts what is done, in the database, so that all replicas count together and a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from services.keyvault.domain.audit import AuditOutcome
from services.keyvault.domain.limits import READS, WRITES, Exceeded, Limit, Window, exceeded
from services.keyvault.handlers.audit import Audit, AuditUnit
from shared.contracts.refusals import RateLimitedError


class LimitRows(Protocol):
    """The counters."""

    def count(self, *buckets: str, window: timedelta) -> tuple[Window, ...]: ...
    def tell(self, bucket: str) -> bool: ...


class LimitUnit(AuditUnit, Protocol):
    """What counting needs of a transaction."""

    @property
    def limits(self) -> LimitRows: ...


class LimitStore(Protocol):
    """Where is counted."""

    def transaction(self) -> AbstractContextManager[LimitUnit]: ...


class Limits:
    """How often an account may do things."""

    def __init__(self, store: LimitStore, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def require_write(self, account_id: str, *, actor: str, action: str) -> None:
        """Count one change of an account's secrets, in a transaction of its own.

        Raises:
            RateLimitedError: There were too many in the last minute; audited once in a window.
        """
        self._require(WRITES, account_id, actor, action)

    def require_read(self, account_id: str, *, actor: str, action: str) -> None:
        """Count one look at an account's keys; else as `require_write`."""
        self._require(READS, account_id, actor, action)

    def _require(self, limit: Limit, account_id: str, actor: str, action: str) -> None:
        with self._store.transaction() as unit:
            over = self.count(unit, limit, account_id)
            if over is not None and over.first:
                self._audit.record(
                    unit,
                    actor=actor,
                    action=action,
                    account_id=account_id,
                    outcome=AuditOutcome.LIMITED,
                    reason=limit.name,
                )
        if over is not None:
            raise refusal(over)

    def count(self, unit: LimitUnit, limit: Limit, *keys: str) -> Exceeded | None:
        """Count one more in the caller's transaction, which must commit also when the limit is used up."""
        return self.count_all(unit, {limit.bucket(*keys): limit})

    def count_all(self, unit: LimitUnit, limits: Mapping[str, Limit]) -> Exceeded | None:
        """Count one more in several buckets, always named in the same order; the first that is used up."""
        (window,) = {limit.window for limit in limits.values()}
        windows = unit.limits.count(*limits, window=window)
        for (bucket, limit), counted in zip(limits.items(), windows, strict=True):
            over = exceeded(limit, counted, now=unit.now)
            if over is not None:
                return replace(over, first=unit.limits.tell(bucket))
        return None


def refusal(over: Exceeded) -> RateLimitedError:
    """What the caller is told: when it is possible again."""
    return RateLimitedError(f"too many calls in a short time; try again in {over.retry_after_s} s")
