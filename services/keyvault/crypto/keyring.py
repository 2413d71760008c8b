"""The keyring: root keys in versions, outside the database, that wrap and unwrap user keys and do nothing else.

One interface, three sources: a file (``keyring_files``), a text in the environment for development, and a key
management service (``kms``). From a root key two things are derived (HKDF-SHA256, RFC 5869): what wraps user
keys, and a fingerprint that tells whether a key is the one that the database was used with.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest
from typing import Any, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.keyvault.crypto import record
from services.keyvault.crypto.record import KEY_BYTES, VERSION_MAX
from services.keyvault.crypto.wiping import wipe
from services.keyvault.domain.records import Binding, Kind
from shared.contracts.refusals import KeyUnavailableError
from shared.errors import ConfigurationError

_PURPOSE = "studiomatic/kv/1/"


class KeyState(StrEnum):
    """What a version may be used for."""

    ACTIVE = "active"  # the one that wraps
    DECRYPT_ONLY = "decrypt_only"  # still unwraps what was wrapped before
    DESTROYED = "destroyed"  # its key is gone for good


class Keyring(Protocol):
    """Wraps and unwraps user keys."""

    @property
    def current_version(self) -> int:
        """The version that wraps."""
        ...

    def check_values(self) -> Mapping[int, str]:
        """Version to fingerprint of every key that is there; says nothing about the key."""
        ...

    def destroyed(self) -> frozenset[int]:
        """Versions that the operator declared gone."""
        ...

    def wrap(self, version: int, key: bytes | bytearray, binding: Binding) -> bytes:
        """Wrap a user key.

        Raises:
            KeyUnavailableError: There is no such version.
        """
        ...

    def unwrap(self, version: int, wrapped: bytes, binding: Binding) -> bytearray:
        """The user key; whoever asks wipes it.

        Raises:
            KeyUnavailableError: There is no such version.
            RecordCorruptError: It does not open.
        """
        ...

    def reload(self) -> None:
        """Look for new versions at the source.

        Raises:
            ConfigurationError: The source cannot be read any more; what was read before stays in use.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class RootKey:
    """One version of a keyring.

    Attributes:
        key: 32 bytes; none of a destroyed version.
    """

    version: int
    state: KeyState
    key: bytearray = field(repr=False)

    @property
    def check_value(self) -> str:
        """Fingerprint of the key, 64 hexadecimal digits."""
        return _derived(self.key, "fingerprint").hex()


class LocalKeyring:
    """A keyring whose keys are in this process."""

    def __init__(self, keys: tuple[RootKey, ...]) -> None:
        self._replace(keys)

    @property
    def current_version(self) -> int:
        return self._current

    def check_values(self) -> Mapping[int, str]:
        return {version: key.check_value for version, key in self._keys.items()}

    def destroyed(self) -> frozenset[int]:
        return self._destroyed

    def wrap(self, version: int, key: bytes | bytearray, binding: Binding) -> bytes:
        wrapping = self._wrapping_key(version)
        try:
            return record.seal(wrapping, version, Kind.USER_KEY, binding, key)
        finally:
            wipe(wrapping)

    def unwrap(self, version: int, wrapped: bytes, binding: Binding) -> bytearray:
        wrapping = self._wrapping_key(version)
        try:
            return record.unseal(wrapping, version, Kind.USER_KEY, binding, wrapped)
        finally:
            wipe(wrapping)

    def reload(self) -> None:
        """Nothing: a text does not change."""

    def _replace(self, keys: tuple[RootKey, ...]) -> None:
        self._keys = {key.version: key for key in keys if key.state is not KeyState.DESTROYED}
        self._destroyed = frozenset(key.version for key in keys if key.state is KeyState.DESTROYED)
        self._current = next(key.version for key in keys if key.state is KeyState.ACTIVE)

    def _wrapping_key(self, version: int) -> bytearray:
        root = self._keys.get(version)
        if root is None:
            raise KeyUnavailableError
        return _derived(root.key, "wrap-user")


def new_root_key(version: int) -> RootKey:
    """A fresh active version."""
    return RootKey(version=version, state=KeyState.ACTIVE, key=bytearray(os.urandom(KEY_BYTES)))


def keyring_text(keys: tuple[RootKey, ...]) -> str:
    """How a keyring is written down: JSON, the oldest version first."""
    versions = [_entry(key) for key in sorted(keys, key=lambda key: key.version)]
    return json.dumps({"versions": versions}, indent=2) + "\n"


def root_keys(text: str | bytes, place: str) -> tuple[RootKey, ...]:
    """Read a written keyring.

    Args:
        place: Where it stands, for errors.
    Raises:
        ConfigurationError: It is no keyring; says which version is wrong, never a key.
    """
    try:
        entries = json.loads(text)["versions"]
        keys = tuple(_root_key(entry, place) for entry in entries)
    except (ValueError, TypeError, KeyError):
        raise ConfigurationError(f"{place} is no keyring; docs/vault.md says how to make one") from None
    if len({key.version for key in keys}) != len(keys):
        raise ConfigurationError(f"{place} has a version twice")
    if sum(key.state is KeyState.ACTIVE for key in keys) != 1:
        raise ConfigurationError(f"{place} must have exactly one active version")
    return keys


def _entry(key: RootKey) -> dict[str, Any]:
    entry: dict[str, Any] = {"version": key.version, "state": key.state.value}
    if key.state is not KeyState.DESTROYED:
        entry |= {"key": base64.b64encode(key.key).decode(), "check": key.check_value}
    return entry


def _root_key(entry: Mapping[str, Any], place: str) -> RootKey:
    version, state = entry["version"], KeyState(entry["state"])
    if type(version) is not int or not 1 <= version <= VERSION_MAX:
        raise ConfigurationError(f"{place}: a version is a number from 1 to {VERSION_MAX}")
    if state is KeyState.DESTROYED:
        return RootKey(version=version, state=state, key=bytearray())
    try:
        key = RootKey(version=version, state=state, key=bytearray(base64.b64decode(entry["key"], validate=True)))
    except binascii.Error:
        raise ConfigurationError(f"{place}: the key of version {version} is no Base64") from None
    if len(key.key) != KEY_BYTES:
        raise ConfigurationError(f"{place}: the key of version {version} has not {KEY_BYTES} bytes")
    if not compare_digest(key.check_value, str(entry["check"])):
        raise ConfigurationError(f"{place}: the key of version {version} does not fit its check value")
    return key


def _derived(root: bytearray, purpose: str) -> bytearray:
    derived = bytearray(KEY_BYTES)
    HKDF(SHA256(), KEY_BYTES, None, (_PURPOSE + purpose).encode()).derive_into(root, derived)
    return derived
