"""User keys: one for each account, wrapped by the keyring; what destroys it destroys everything sealed under it.

Unwrapped keys are remembered for a minute, in buffers that are zeroed when they are dropped. Users of a key get a
copy of their own, so that a key is never zeroed under anybody's hands.
"""

from __future__ import annotations

import dataclasses
import hmac
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.keyvault.crypto import record
from services.keyvault.crypto.keyring import Keyring
from services.keyvault.crypto.record import KEY_BYTES
from services.keyvault.crypto.wiping import wipe
from services.keyvault.domain.records import Binding, Kind, UserKey
from shared.clock import Clock
from shared.contracts.refusals import KeyUnavailableError

REMEMBERED_FOR = timedelta(seconds=60)
REMEMBERED_MOST = 1_000

_PSEUDONYM = b"studiomatic/kv/1/audit-pseudonym"


@dataclass(frozen=True, kw_only=True)
class _Remembered:
    wrapped: bytes = field(repr=False)
    key: bytearray = field(repr=False)
    until: datetime


class KeyringUserKeys:
    """Makes user keys, and seals and opens records under them."""

    def __init__(self, keyring: Keyring, clock: Clock) -> None:
        self._keyring = keyring
        self._clock = clock
        self._remembered: OrderedDict[tuple[str, int], _Remembered] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def current_version(self) -> int:
        """The keyring version under which new user keys are wrapped."""
        return self._keyring.current_version

    def make(self, account_id: str, version: int, now: datetime, pseudonym: str | None = None) -> UserKey:
        """A fresh key.

        Args:
            pseudonym: Of the account's earlier key, if it has one.
        """
        key = bytearray(os.urandom(KEY_BYTES))
        try:
            keyring_version = self._keyring.current_version
            return UserKey(
                account_id=account_id,
                version=version,
                wrapped=self._keyring.wrap(keyring_version, key, _binding(account_id, version)),
                keyring_version=keyring_version,
                pseudonym=pseudonym or _pseudonym(key, account_id),
                created_at=now,
            )
        finally:
            wipe(key)

    def seal(self, key: UserKey, kind: Kind, binding: Binding, secret: bytes | bytearray) -> bytes:
        """Seal a secret under a user key; see `record.seal`."""
        with self._unwrapped(key) as unwrapped:
            return record.seal(unwrapped, key.version, kind, binding, secret)

    def open(self, key: UserKey, kind: Kind, binding: Binding, sealed: bytes) -> bytearray:
        """The secret; whoever asks wipes it.

        Raises:
            RecordCorruptError: Damaged, or sealed for something else; nothing says which.
            KeyUnavailableError: The keyring has not the version that wraps the user key.
        """
        with self._unwrapped(key) as unwrapped:
            return record.unseal(unwrapped, key.version, kind, binding, sealed)

    def rewrapped(self, key: UserKey) -> UserKey:
        """The same user key under the current version, still bound to its account and version.

        Raises:
            RecordCorruptError: The wrapping does not open.
            KeyUnavailableError: The keyring has not its version.
        """
        binding = _binding(key.account_id, key.version)
        unwrapped = self._keyring.unwrap(key.keyring_version, key.wrapped, binding)
        try:
            current = self._keyring.current_version
            wrapped = self._keyring.wrap(current, unwrapped, binding)
            return dataclasses.replace(key, wrapped=wrapped, keyring_version=current)
        finally:
            wipe(unwrapped)

    def require_current(self, newest_known: int) -> None:
        """Use the newest version that the database knows, even if it came after this process started.

        Raises:
            KeyUnavailableError: The keyring has it not.
        """
        if self._keyring.current_version < newest_known:
            self._keyring.reload()
        if self._keyring.current_version < newest_known:
            raise KeyUnavailableError

    def forget(self, account_id: str) -> None:
        """Drop and zero what is remembered of an account's keys."""
        with self._guard:
            for name in [name for name in self._remembered if name[0] == account_id]:
                self._drop(name)

    def forget_old(self) -> int:
        """Drop and zero what was remembered long enough."""
        now = self._clock.now()
        with self._guard:
            old = [name for name, entry in self._remembered.items() if entry.until <= now]
            for name in old:
                self._drop(name)
        return len(old)

    def forget_all(self) -> None:
        """Drop and zero everything."""
        with self._guard:
            for name in list(self._remembered):
                self._drop(name)

    @contextmanager
    def _unwrapped(self, key: UserKey) -> Iterator[bytearray]:
        """A copy of the key in clear, zeroed afterwards."""
        unwrapped = self._recalled(key)
        if unwrapped is None:
            binding = _binding(key.account_id, key.version)
            unwrapped = self._keyring.unwrap(key.keyring_version, key.wrapped, binding)
            self._remember(key, unwrapped)
        try:
            yield unwrapped
        finally:
            wipe(unwrapped)

    def _recalled(self, key: UserKey) -> bytearray | None:
        """A copy of what is remembered of exactly this wrapping."""
        name = (key.account_id, key.version)
        with self._guard:
            entry = self._remembered.get(name)
            if entry is None:
                return None
            if entry.until <= self._clock.now() or entry.wrapped != key.wrapped:
                self._drop(name)
                return None
            self._remembered.move_to_end(name)
            return bytearray(entry.key)

    def _remember(self, key: UserKey, unwrapped: bytearray) -> None:
        name = (key.account_id, key.version)
        until = self._clock.now() + REMEMBERED_FOR
        with self._guard:
            if name in self._remembered:
                self._drop(name)
            self._remembered[name] = _Remembered(wrapped=key.wrapped, key=bytearray(unwrapped), until=until)
            if len(self._remembered) > REMEMBERED_MOST:
                self._drop(next(iter(self._remembered)))

    def _drop(self, name: tuple[str, int]) -> None:
        wipe(self._remembered.pop(name).key)


def _binding(account_id: str, version: int) -> Binding:
    return Binding(account_id=account_id, record_id=str(version), provider="", purpose="user_key")


def _pseudonym(key: bytearray, account_id: str) -> str:
    """Who has only the audit cannot tell the account; when the key is destroyed nobody can."""
    derived = bytearray(KEY_BYTES)
    HKDF(SHA256(), KEY_BYTES, None, _PSEUDONYM).derive_into(key, derived)
    try:
        return hmac.digest(derived, account_id.encode(), "sha256").hex()
    finally:
        wipe(derived)
