"""Rotation: new user keys under the keyring's newest version, the old ones rewrapped; and new keys for accounts.

A rewrap changes one small row for each user. The user key is opened and wrapped again inside keyvault, bound to
the same account and version; no provider key is opened. It works through the accounts in order, some at a time,
each batch in a transaction of its own with its cursor: killed anywhere, it goes on where it was, and what is
not rewrapped yet stays readable under its old version.
"""

from __future__ import annotations

import structlog

from services.keyvault.crypto.wiping import wiped
from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.domain.records import KIND_OF, Record, UserKey
from services.keyvault.handlers.admission import Admission
from services.keyvault.handlers.decisions import Decided, Decisions, RefusedError
from services.keyvault.handlers.keyring_check import KeyringCheck
from services.keyvault.handlers.ports import Audit, Keyring, Store, Unit, UserKeys
from services.keyvault.handlers.strongbox import Strongbox
from shared.bus.context import Caller
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError
from shared.contracts.vault import GetRewrapStatus, RewrapStatus, RotateKeyring
from shared.errors import ConfigurationError, NotFoundError

BATCH = 200
OWN = "keyvault"
"""Actor of what keyvault does by itself."""

_RECORDS_AT_ONCE = 1_000
"""More than an account can have."""

_log = structlog.get_logger(__name__)


class Rotation:
    """Rotates keys, and says how far it is."""

    def __init__(
        self,
        decisions: Decisions,
        admission: Admission,
        keyring: Keyring,
        check: KeyringCheck,
        strongbox: Strongbox,
    ) -> None:
        self._decisions = decisions
        self._admission = admission
        self._keyring = keyring
        self._check = check
        self._strongbox = strongbox

    def rotate(self, query: RotateKeyring, caller: Caller) -> RewrapStatus:
        """Use the keyring's newest version and begin to rewrap; or make a new key for one account.

        Raises:
            ConfigurationError: The keyring cannot be read or does not fit; nothing changed.
            NotFoundError: The one account has no key.
            VaultDeniedError.
        """
        return self._decisions.make(caller, Action.ROTATE_KEYRING, lambda unit: self._rotate(unit, query, caller))

    def status(self, query: GetRewrapStatus, caller: Caller) -> RewrapStatus:
        """How far the rewrap is."""
        return self._decisions.make(
            caller, Action.GET_REWRAP_STATUS, lambda unit: self._status(unit, query, caller)
        )

    def _rotate(self, unit: Unit, query: RotateKeyring, caller: Caller) -> Decided[RewrapStatus]:
        self._admission.require_administrator(unit, caller, query.ticket, once=True)
        if query.account_id is not None:
            self._renew(unit, query.account_id)
        else:
            self._begin_rewrap(unit)
        return Decided(reply=self._counted(unit))

    def _begin_rewrap(self, unit: Unit) -> None:
        try:
            self._keyring.reload()
            self._check.require_fitting_in(unit)
        except ConfigurationError as error:
            raise RefusedError("keyring", error) from None
        unit.keyring.begin_rewrap(self._keyring.current_version)

    def _renew(self, unit: Unit, account_id: str) -> None:
        """Give an account its next key; its records follow in a moment."""
        unit.accounts.lock(account_id)
        key = unit.user_keys.newest(account_id)
        if key is None:
            raise RefusedError("no_key", NotFoundError("the account has no key"))
        self._strongbox.make_key(unit, account_id, after=key)

    def _status(self, unit: Unit, query: GetRewrapStatus, caller: Caller) -> Decided[RewrapStatus]:
        self._admission.require_administrator(unit, caller, query.ticket, once=False)
        return Decided(reply=self._counted(unit))

    def _counted(self, unit: Unit) -> RewrapStatus:
        current = self._keyring.current_version
        user_keys = unit.user_keys.count_by_keyring_version()
        unused = set(self._keyring.check_values()) - user_keys.keys() - {current}
        return RewrapStatus(
            current_version=current,
            user_keys=user_keys,
            running=unit.keyring.rewrap_cursor(current) is not None,
            destroyable=tuple(sorted(unused)),
        )


class Rewrapping:
    """Wraps user keys under the current version, some at a time; done by a loop."""

    def __init__(self, store: Store, audit: Audit, user_keys: UserKeys) -> None:
        self._store = store
        self._audit = audit
        self._user_keys = user_keys
        self._unreadable: set[tuple[str, int]] = set()

    def rewrap_some(self) -> int:
        """Rewrap one batch; 1 if there may be more to do at once, else 0.

        Of several processes at it, one wraps a key and the others find it done.
        """
        to_version = self._user_keys.current_version
        with self._store.reading() as unit:
            cursor = unit.keyring.rewrap_cursor(to_version)
            if cursor is None:
                return 0
            batch = unit.user_keys.not_under(to_version, cursor, BATCH)
        if not batch:
            return self._end_of_pass(to_version, cursor)
        rewrapped = [(key, new) for key in batch if (new := self._rewrapped(key)) is not None]
        with self._store.transaction() as unit:
            done = sum(unit.user_keys.rewrap(old, new.wrapped, new.keyring_version) for old, new in rewrapped)
            unit.keyring.advance_rewrap(to_version, batch[-1].account_id, done)
        return 1

    def _rewrapped(self, key: UserKey) -> UserKey | None:
        try:
            return self._user_keys.rewrapped(key)
        except (RecordCorruptError, KeyUnavailableError) as error:
            self._unreadable.add((key.account_id, key.version))
            _log.error("user_key_unreadable", keyring_version=key.keyring_version, code=error.code)
            return None

    def _end_of_pass(self, to_version: int, cursor: str) -> int:
        """Begin another pass for keys that came meanwhile, or finish if only unreadable ones are left."""
        with self._store.transaction() as unit:
            left = unit.user_keys.not_under(to_version, "", BATCH)
            missed = [key for key in left if (key.account_id, key.version) not in self._unreadable]
            if missed and cursor:
                unit.keyring.advance_rewrap(to_version, "", 0)
                return 1
            unit.keyring.finish_rewrap(to_version)
            self._audit.record(
                unit,
                actor=OWN,
                action=Action.REWRAP,
                account_id="",
                outcome=AuditOutcome.FAILED if left else AuditOutcome.ALLOWED,
                reason="unreadable" if left else "",
            )
        self._unreadable.clear()
        return 0


class Resealing:
    """Seals the records of accounts that have a newer key under it, an account at a time; done by a loop."""

    def __init__(self, store: Store, user_keys: UserKeys, strongbox: Strongbox) -> None:
        self._store = store
        self._user_keys = user_keys
        self._strongbox = strongbox

    def reseal_some(self) -> int:
        """Empty one superseded key and destroy it; 1 if there may be more to do at once, else 0."""
        with self._store.reading() as unit:
            superseded = unit.user_keys.superseded(1)
        if not superseded:
            return 0
        self._empty(superseded[0])
        return 1

    def _empty(self, key: UserKey) -> None:
        with self._store.transaction() as unit:
            unit.accounts.lock(key.account_id)
            for record in unit.records.under(key.account_id, key.version, _RECORDS_AT_ONCE):
                self._reseal(unit, key, record)
            unit.user_keys.remove(key.account_id, key.version)
        self._user_keys.forget(key.account_id)

    def _reseal(self, unit: Unit, key: UserKey, record: Record) -> None:
        """Seal one record anew; a damaged one is set aside, it would not open later either."""
        try:
            opened = self._user_keys.open(key, KIND_OF[record.purpose], record.binding, record.sealed)
        except RecordCorruptError:
            unit.records.quarantine(record.record_id, record.sealed)
            _log.error("record_quarantined", record_id=record.record_id, user_key_version=key.version)
            return
        with wiped(opened) as secret:
            sealed, version = self._strongbox.seal(unit, record.binding, secret)
        unit.records.reseal(record, sealed, version)
