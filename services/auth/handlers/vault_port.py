"""Where the seeds of time-based codes are: in keyvault. Auth never sees one, and cannot check a code itself.

Every method asks another service, so none may be called inside a transaction. While keyvault is away they raise
InfrastructureError, which is retryable.
"""

from __future__ import annotations

from typing import Protocol

from shared.contracts.vault import TotpMade


class Vault(Protocol):
    """Keeps one seed for each account, and checks codes."""

    def new_totp(self, account_id: str, reply_key: str) -> TotpMade:
        """A seed sealed to its owner's one-time key; counts once it was confirmed, and ends by itself."""
        ...

    def confirm_totp(self, account_id: str, record_id: str, code: str) -> bool:
        """Whether the code fits that seed, which is then the account's."""
        ...

    def check_totp(self, account_id: str, code: str) -> bool:
        """Whether the code fits the account's seed and is used for the first time."""
        ...

    def remove_totp(self, account_id: str) -> None:
        """Forget the account's seed; forgetting none changes nothing."""
        ...
