"""Keyvault as auth sees it: four calls about time-based codes."""

from __future__ import annotations

from typing import Protocol, TypeVar

from shared.bus.rpc import RpcClient
from shared.contracts.message import Query, Reply
from shared.contracts.refusals import (
    KeyUnavailableError,
    RateLimitedError,
    RecordCorruptError,
    TooManyAttemptsError,
    VaultDeniedError,
)
from shared.contracts.vault import (
    CheckTotp,
    ConfirmTotp,
    NewTotp,
    RemoveTotp,
    TotpChecked,
    TotpMade,
    TotpRemoved,
)
from shared.errors import InfrastructureError
from shared.ids import AccountId

SERVICE = "keyvault"

R = TypeVar("R", bound=Reply)


class Ask(Protocol):
    """Asks keyvault in the name of auth; raises what it refuses, and InfrastructureError while it is away."""

    def __call__(self, query: Query, reply: type[R], account_id: AccountId) -> R: ...


def over_the_bus(client: RpcClient) -> Ask:
    """Ask keyvault with remote calls."""

    def ask(query: Query, reply: type[R], account_id: AccountId) -> R:
        return client.call(SERVICE, query, reply, account_id=account_id)

    return ask


class Keyvault:
    """The vault, wherever it runs.

    Args:
        ask: Over the bus in a farm; keyvault's own handlers where there is no bus.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def new_totp(self, account_id: str, reply_key: str) -> TotpMade:
        """A seed sealed to its owner's one-time key."""
        try:
            return self._ask(NewTotp(reply_key=reply_key), TotpMade, AccountId(account_id))
        except RateLimitedError as error:
            raise TooManyAttemptsError(error.message) from None

    def confirm_totp(self, account_id: str, record_id: str, code: str) -> bool:
        """Whether the code fits that seed, which is then the account's."""
        return self._checked(ConfirmTotp(record_id=record_id, code=code), account_id)

    def check_totp(self, account_id: str, code: str) -> bool:
        """Whether the code fits the account's seed and is used for the first time."""
        return self._checked(CheckTotp(code=code), account_id)

    def remove_totp(self, account_id: str) -> None:
        """Forget the account's seed."""
        self._ask(RemoveTotp(), TotpRemoved, AccountId(account_id))

    def _checked(self, query: ConfirmTotp | CheckTotp, account_id: str) -> bool:
        """Whether the code is right; a seed that is gone or damaged has no right code."""
        try:
            return self._ask(query, TotpChecked, AccountId(account_id)).valid
        except (VaultDeniedError, RecordCorruptError):
            return False
        except RateLimitedError as error:
            raise TooManyAttemptsError(error.message) from None
        except KeyUnavailableError:
            raise InfrastructureError("codes cannot be checked at the moment; try again later") from None
