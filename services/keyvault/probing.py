"""Whether a provider accepts a key. No client of a provider is there yet, so nobody can say."""

from __future__ import annotations

from shared.contracts.vault import KeyStatus, Provider


class NobodyProbes:
    """Leaves every key unchecked."""

    def probe(self, account_id: str, record_id: str, provider: Provider) -> KeyStatus:  # noqa: ARG002
        return KeyStatus.NOT_CHECKED
