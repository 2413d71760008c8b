"""The ledger of requests to providers: equal request, same account, one asset and one bill."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class LedgerState(StrEnum):
    """Where a request to a provider is."""

    RESERVED = "reserved"  # someone makes it, until the lease ends
    STORED = "stored"  # the asset is ours; nobody makes it again


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One request. ``result`` is the JSON of the task's result class once it is stored."""

    state: LedgerState
    execution_id: str
    lease_until: datetime
    result: Mapping[str, Any] | None = None

    def is_held_by_another(self, execution_id: str, now: datetime) -> bool:
        """Whether someone else is making it right now."""
        return self.state is LedgerState.RESERVED and self.execution_id != execution_id and self.lease_until > now


@dataclass(frozen=True, kw_only=True)
class ProviderRequest:
    """A request as far as it decides the result."""

    kind: str
    provider: str
    provider_version: str
    parameters: Mapping[str, Any]
    take: int

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON of all of it."""
        canonical = json.dumps(
            {
                "kind": self.kind,
                "provider": self.provider,
                "version": self.provider_version,
                "parameters": dict(self.parameters),
                "take": self.take,
            },
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        )
        return hashlib.sha256(canonical.encode()).hexdigest()
