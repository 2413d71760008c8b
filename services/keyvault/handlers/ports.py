"""What the use cases need from outside: the store, cryptography, the audit, the limits and the probe of keys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from services.keyvault.domain.limits import Exceeded, Limit
from services.keyvault.domain.records import Binding, Kind, Record, RecordPurpose, UserKey
from shared.contracts.vault import KeyStatus, Provider


class Accounts(Protocol):
    """Which accounts and sessions may do nothing any more."""

    def lock(self, account_id: str) -> None:
        """Let nobody else change anything of the account until the transaction ends."""
        ...

    def is_closed(self, account_id: str) -> bool: ...
    def close(self, account_id: str, reason: str, as_of: datetime) -> bool:
        """False if something newer is known."""
        ...

    def reopen(self, account_id: str, reason: str, as_of: datetime) -> bool: ...
    def is_shredded(self, account_id: str) -> bool: ...
    def records_shredded(self, account_id: str) -> int | None: ...
    def remember_shredded(self, account_id: str, records: int) -> None: ...
    def revoke_session(self, session_id: str, *, by_logout: bool) -> None: ...
    def is_revoked(self, session_id: str) -> bool: ...
    def has_jobs_stopped(self, session_id: str) -> bool: ...
    def forget_sessions(self, revoked_before: datetime) -> int: ...


class UserKeyRows(Protocol):
    """The wrapped keys of accounts."""

    def newest(self, account_id: str) -> UserKey | None: ...
    def get(self, account_id: str, version: int) -> UserKey | None: ...
    def pseudonym(self, account_id: str) -> str | None:
        """How the audit names the account; None before its first secret, and for ever after it was shredded."""
        ...

    def add(self, key: UserKey) -> bool: ...
    def rewrap(self, key: UserKey, wrapped: bytes, keyring_version: int) -> bool:
        """Put another wrapping in the place of exactly the one in ``key``; False if it is not there any more."""
        ...

    def not_under(self, keyring_version: int, after: str, limit: int) -> tuple[UserKey, ...]:
        """The next keys by account that another version wraps."""
        ...

    def superseded(self, limit: int) -> tuple[UserKey, ...]:
        """Keys that have a newer version; their records are to be sealed anew."""
        ...

    def remove(self, account_id: str, version: int) -> None: ...
    def remove_all(self, account_id: str) -> int: ...
    def count_by_keyring_version(self) -> dict[int, int]: ...


class RecordRows(Protocol):
    """Sealed records."""

    def add(self, record: Record) -> None: ...
    def get(self, account_id: str, record_id: str, purpose: RecordPurpose) -> Record | None: ...
    def newest(self, account_id: str, provider: str) -> Record | None:
        """The provider key of that provider that was put or replaced last."""
        ...

    def of_account(self, account_id: str, purpose: RecordPurpose) -> tuple[Record, ...]:
        """The newest first."""
        ...

    def count(self, account_id: str, purpose: RecordPurpose) -> int: ...
    def update(self, record_id: str, **columns: Any) -> None: ...
    def reseal(self, record: Record, sealed: bytes, user_key_version: int) -> bool:
        """Put other bytes in the place of exactly those in ``record``; False if they are not there any more."""
        ...

    def quarantine(self, record_id: str, sealed: bytes) -> None:
        """Set aside a record that did not open, unless it was replaced meanwhile."""
        ...

    def mark(self, record: Record, status: KeyStatus) -> None: ...
    def touch(self, record_id: str, used_at: datetime) -> None: ...
    def remove(self, account_id: str, record_id: str, purpose: RecordPurpose) -> bool: ...
    def remove_all(self, account_id: str) -> int: ...
    def under(self, account_id: str, user_key_version: int, limit: int) -> tuple[Record, ...]: ...


class TotpRows(Protocol):
    """Seeds of second factors among the records."""

    def confirmed(self, account_id: str) -> Record | None: ...
    def pending(self, account_id: str, record_id: str) -> Record | None:
        """Unless it is too old."""
        ...

    def use_step(self, record_id: str, step: int) -> bool:
        """Use up a time step; False if this one or a newer one was used before: of many callers one wins."""
        ...

    def remove(self, account_id: str, purpose: RecordPurpose) -> int: ...
    def remove_expired(self) -> int: ...


class KeyringRows(Protocol):
    """Which versions of the keyring this vault was used with, and how far a rewrap is."""

    def check_values(self) -> Mapping[int, str]:
        """Of every version that was ever used and is not destroyed."""
        ...

    def remember(self, version: int, check_value: str) -> None: ...
    def mark_destroyed(self, version: int) -> None: ...
    def begin_rewrap(self, to_version: int) -> None:
        """Start one, or start a finished one anew; one that is under way goes on."""
        ...

    def rewrap_cursor(self, to_version: int) -> str | None:
        """After which account to go on; None if none is under way."""
        ...

    def advance_rewrap(self, to_version: int, cursor: str, rewrapped: int) -> None: ...
    def finish_rewrap(self, to_version: int) -> None: ...


class Unit(Protocol):
    """What can be done inside one transaction.

    Attributes:
        now: The one moment at which all of it happens.
    """

    @property
    def now(self) -> datetime: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def user_keys(self) -> UserKeyRows: ...
    @property
    def records(self) -> RecordRows: ...
    @property
    def totp(self) -> TotpRows: ...
    @property
    def keyring(self) -> KeyringRows: ...
    @property
    def replays(self) -> Replays: ...

    def first_time(self, consumer: str, message_id: str) -> bool: ...


class Replays(Protocol):
    """Ids of what is good once: requests of deliveries, and tickets."""

    def first_seen(self, request_id: str) -> bool:
        """Remember an id; False if it was seen before."""
        ...


class Store(Protocol):
    """Keyvault's state."""

    def transaction(self) -> AbstractContextManager[Unit]: ...
    def reading(self) -> AbstractContextManager[Unit]: ...


class Audit(Protocol):
    """The chain of who did what to which record."""

    def record(
        self,
        unit: Any,
        *,
        actor: str,
        action: str,
        account_id: str,
        record_id: str = "",
        job_id: str = "",
        grant_id: str = "",
        outcome: str,
        reason: str = "",
    ) -> None:
        """Add a row in the transaction of the decision itself.

        Raises:
            VaultDeniedError: It cannot be written; what is not audited is not done.
        """
        ...


class Limits(Protocol):
    """How often an account may do things; counted in the database, in transactions of their own."""

    def require_write(self, account_id: str, *, actor: str, action: str) -> None:
        """Count one change of an account's secrets.

        Raises:
            RateLimitedError: There were too many in the last minute; audited once in a window.
        """
        ...

    def require_read(self, account_id: str, *, actor: str, action: str) -> None:
        """Count one look at an account's keys; else as `require_write`."""
        ...

    def count(self, unit: Any, limit: Limit, *keys: str) -> Exceeded | None:
        """Count one more in the caller's transaction, which must commit also when the limit is used up."""
        ...


class Keyring(Protocol):
    """Which versions the keyring has; see `services.keyvault.crypto.keyring`."""

    @property
    def current_version(self) -> int: ...
    def check_values(self) -> Mapping[int, str]: ...
    def destroyed(self) -> frozenset[int]: ...
    def reload(self) -> None: ...


class UserKeys(Protocol):
    """Makes user keys and seals records under them; the only cryptography that use cases need."""

    @property
    def current_version(self) -> int:
        """The keyring version under which new user keys are wrapped."""
        ...

    def make(self, account_id: str, version: int, now: datetime, pseudonym: str | None = None) -> UserKey: ...
    def seal(self, key: UserKey, kind: Kind, binding: Binding, secret: bytes | bytearray) -> bytes: ...
    def open(self, key: UserKey, kind: Kind, binding: Binding, sealed: bytes) -> bytearray:
        """The secret; whoever asks wipes it.

        Raises:
            RecordCorruptError: Damaged, or sealed for something else; nothing says which.
            KeyUnavailableError: The keyring has not the version that wraps the user key.
        """
        ...

    def rewrapped(self, key: UserKey) -> UserKey:
        """The same user key under the current version, still bound to its account and version.

        Raises:
            RecordCorruptError: The wrapping does not open.
            KeyUnavailableError: The keyring has not its version.
        """
        ...

    def require_current(self, newest_known: int) -> None:
        """Use the newest version that the database knows, even if it came after this process started.

        Raises:
            KeyUnavailableError: The keyring has it not.
        """
        ...

    def forget(self, account_id: str) -> None:
        """Drop and zero what is remembered of an account's keys."""
        ...


class KeyProbe(Protocol):
    """Asks a provider whether it accepts a key."""

    def probe(self, account_id: str, record_id: str, provider: Provider) -> KeyStatus:
        """``NOT_CHECKED`` if nobody here can ask that provider."""
        ...
