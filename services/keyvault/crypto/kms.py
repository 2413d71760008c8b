"""The keyring in a key management service: root keys that never leave it.

A wrapped user key is then a header and whatever the service answered:

    0  4  magic "SMK1"
    4  1  suite 02: wrapped by a key management service
    5  1  kind 04
    6  2  keyring version, big endian
    8  n  what the service answered
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from services.keyvault.crypto.record import KEY_BYTES, MAGIC
from services.keyvault.crypto.wiping import wipe
from services.keyvault.domain.records import Binding, Kind
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError
from shared.sealing import bound

SUITE = 2
_HEADER_BYTES = 8


class KmsRefusedError(Exception):
    """The service does not decrypt this: it was damaged, or encrypted for another context."""


class KmsClient(Protocol):
    """What a plug-in offers. It raises InfrastructureError when the service is away."""

    def versions(self) -> Mapping[int, str]:
        """Keyring version to what identifies its key for ever, such as the name of a key version."""
        ...

    def encrypt(self, version: int, plain: bytes, context: bytes) -> bytes:
        """Encrypt, authenticated together with ``context``."""
        ...

    def decrypt(self, version: int, encrypted: bytes, context: bytes) -> bytes:
        """Decrypt; raises KmsRefusedError if bytes or context are not the same."""
        ...


class KmsKeyring:
    """Wraps with the newest version that the service has."""

    def __init__(self, client: KmsClient) -> None:
        self._client = client
        self.reload()

    @property
    def current_version(self) -> int:
        return max(self._versions)

    def check_values(self) -> Mapping[int, str]:
        return self._versions

    def destroyed(self) -> frozenset[int]:
        """None: a version that is gone is missing."""
        return frozenset()

    def wrap(self, version: int, key: bytes | bytearray, binding: Binding) -> bytes:
        self._require(version)
        header = _header(version)
        plain = bytes(key)
        try:
            return header + self._client.encrypt(version, plain, _context(header, binding))
        finally:
            wipe(plain)

    def unwrap(self, version: int, wrapped: bytes, binding: Binding) -> bytearray:
        self._require(version)
        header, encrypted = wrapped[:_HEADER_BYTES], wrapped[_HEADER_BYTES:]
        if header != _header(version):
            raise RecordCorruptError
        try:
            plain = self._client.decrypt(version, encrypted, _context(header, binding))
        except KmsRefusedError:
            raise RecordCorruptError from None
        key = bytearray(plain)
        wipe(plain)
        if len(key) != KEY_BYTES:
            raise RecordCorruptError
        return key

    def reload(self) -> None:
        self._versions = dict(self._client.versions())

    def _require(self, version: int) -> None:
        if version not in self._versions:
            raise KeyUnavailableError


def _header(version: int) -> bytes:
    return MAGIC + bytes((SUITE, Kind.USER_KEY)) + version.to_bytes(2)


def _context(header: bytes, binding: Binding) -> bytes:
    return bound(header, binding.account_id, binding.record_id, binding.provider, binding.purpose)
