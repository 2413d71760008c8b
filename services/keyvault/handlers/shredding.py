"""Destroy the key of an account: everything sealed under it is unreadable for ever, in backups too.

Backups of this database still hold the wrapped key; they are kept apart from all others and for 14 days at
most, so that long after a shredding nothing opens any more.
"""

from __future__ import annotations

from services.keyvault.domain.audit import Action
from services.keyvault.handlers.admission import GDPR, Admission
from services.keyvault.handlers.decisions import Decided, Decisions, RefusedError
from services.keyvault.handlers.ports import Unit, UserKeys
from shared.bus.context import Caller
from shared.contracts.vault import PLATFORM_ACCOUNT, ShredUser, UserShredded


class Shredding:
    """Destroys keys of accounts."""

    def __init__(self, decisions: Decisions, admission: Admission, user_keys: UserKeys) -> None:
        self._decisions = decisions
        self._admission = admission
        self._user_keys = user_keys

    def shred(self, _query: ShredUser, caller: Caller) -> UserShredded:
        """Destroy the caller's account's key; done twice, it answers the same (GDPR Art. 17).

        Raises:
            VaultDeniedError: Somebody else than gdpr asks, or for the platform's own keys.
        """
        shredded = self._decisions.make(caller, Action.SHRED_USER, lambda unit: self._shred(unit, caller))
        self._user_keys.forget(caller.account_id)
        return shredded

    def destroy(self, unit: Unit, account_id: str) -> int:
        """Destroy what an account has and note that nothing may be made for it again; how many records it had."""
        unit.accounts.lock(account_id)
        before = unit.accounts.records_shredded(account_id)
        if before is not None:
            return before
        unit.user_keys.remove_all(account_id)
        records = unit.records.remove_all(account_id)
        unit.accounts.remember_shredded(account_id, records)
        return records

    def _shred(self, unit: Unit, caller: Caller) -> Decided[UserShredded]:
        self._admission.require_signer(caller, GDPR)
        if caller.account_id == PLATFORM_ACCOUNT:
            raise RefusedError("reserved_account")
        return Decided(reply=UserShredded(records=self.destroy(unit, caller.account_id)))
