"""Seals secrets under the key of their account, which is made when there is none, and opens them."""

from __future__ import annotations

from services.keyvault.domain.records import KIND_OF, Binding, Record, RecordPurpose, UserKey
from services.keyvault.handlers.decisions import RefusedError, unreadable
from services.keyvault.handlers.ports import Unit, UserKeys
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError


class Strongbox:
    """Seals and opens; whoever changes an account's records has locked the account before."""

    def __init__(self, user_keys: UserKeys) -> None:
        self._user_keys = user_keys

    def seal(self, unit: Unit, binding: Binding, secret: bytearray) -> tuple[bytes, int]:
        """The sealed record, and the version of the account's key under which it is."""
        key = unit.user_keys.newest(binding.account_id) or self.make_key(unit, binding.account_id)
        try:
            sealed = self._user_keys.seal(key, KIND_OF[RecordPurpose(binding.purpose)], binding, secret)
        except (RecordCorruptError, KeyUnavailableError) as error:
            raise RefusedError(error.code, error) from None
        return sealed, key.version

    def open(self, unit: Unit, record: Record) -> bytearray:
        """The secret of a record; whoever asks wipes it.

        Raises:
            RefusedError: It does not open, was set aside before, or its key is missing.
        """
        if record.quarantined:
            raise RefusedError("quarantined", RecordCorruptError(), record_id=record.record_id)
        key = unit.user_keys.get(record.account_id, record.user_key_version)
        if key is None:
            raise RefusedError("no_key", KeyUnavailableError(), record_id=record.record_id)
        try:
            return self._user_keys.open(key, KIND_OF[record.purpose], record.binding, record.sealed)
        except (RecordCorruptError, KeyUnavailableError) as error:
            raise unreadable(record, error) from None

    def make_key(self, unit: Unit, account_id: str, after: UserKey | None = None) -> UserKey:
        """Make an account's first key, or the one after another, under the newest keyring version there is.

        Raises:
            RefusedError: The keyring of this process has not that version.
        """
        try:
            self._user_keys.require_current(max(unit.keyring.check_values(), default=0))
        except KeyUnavailableError as error:
            raise RefusedError(error.code, error) from None
        key = self._user_keys.make(
            account_id,
            1 if after is None else after.version + 1,
            unit.now,
            None if after is None else after.pseudonym,
        )
        unit.user_keys.add(key)
        return key
