"""Record format v1: how a secret is sealed under a parent key, and bound to whom and what it is for.

    offset  length
         0       4  magic "SMK1"
         4       1  suite 01: HKDF-SHA256 (RFC 5869), AES-256-GCM (SP 800-38D), with a key commitment
         5       1  kind: 01 provider key, 02 seed, 03 content key, 04 wrapped user key
         6       2  version of the parent key, big endian
         8      32  salt, random
        40      12  nonce, random
        52      32  commitment
        84       n  ciphertext; plain: u16 length, big endian | secret | zeros up to a multiple of 64
      84+n      16  tag

The associated data are a label, bytes 0 to 83, account, record, provider and purpose, each after its length as
u32. Each record has an AES key of its own, derived from parent key and salt, so nonces cannot collide. GCM does
not commit to its key: a second value from the same derivation does, and is compared before anything is
decrypted, so that nobody can make a record that opens differently under two keys.
"""

from __future__ import annotations

import os
from hmac import compare_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.keyvault.crypto.wiping import wipe
from services.keyvault.domain.records import Binding, Kind
from shared.contracts.refusals import RecordCorruptError
from shared.contracts.vault import SECRET_MAX_BYTES
from shared.errors import InvalidInputError
from shared.sealing import bound

MAGIC = b"SMK1"
SUITE = 1
KEY_BYTES = 32
HEADER_BYTES = 84
TAG_BYTES = 16
OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES
PADDED_TO_BYTES = 64
VERSION_MAX = 0xFFFF

_LABEL = b"studiomatic/kv/record/1"
_ENCRYPTING = b"studiomatic/kv/1/record/enc"
_COMMITTING = b"studiomatic/kv/1/record/commit"
_PREFIX_BYTES, _SALT_BYTES, _NONCE_BYTES, _LENGTH_BYTES = 8, 32, 12, 2
_NONCE_AT = _PREFIX_BYTES + _SALT_BYTES
_COMMITMENT_AT = _NONCE_AT + _NONCE_BYTES
_SMALLEST = OVERHEAD_BYTES + PADDED_TO_BYTES
_LARGEST = OVERHEAD_BYTES + -(-(_LENGTH_BYTES + SECRET_MAX_BYTES) // PADDED_TO_BYTES) * PADDED_TO_BYTES


def seal(
    parent: bytes | bytearray, version: int, kind: Kind, binding: Binding, secret: bytes | bytearray
) -> bytes:
    """Seal a secret of 1 to 4096 bytes.

    Args:
        parent: Key of 32 bytes.
        version: Of the parent key, 1 to 65535.
    Raises:
        InvalidInputError: The secret is empty or too long.
    """
    if not 1 <= len(secret) <= SECRET_MAX_BYTES:
        raise InvalidInputError(f"a secret has 1 to {SECRET_MAX_BYTES} bytes")
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    key, plain = bytearray(KEY_BYTES), _padded(secret)
    try:
        commitment = _derive(parent, salt, into=key)
        header = b"".join((_prefix(kind, version), salt, nonce, commitment))
        sealed = bytearray(len(plain) + TAG_BYTES)
        AESGCM(key).encrypt_into(nonce, plain, _associated_data(header, binding), sealed)
    finally:
        wipe(key)
        wipe(plain)
    return header + bytes(sealed)


def unseal(parent: bytes | bytearray, version: int, kind: Kind, binding: Binding, sealed: bytes) -> bytearray:
    """The secret of a record; whoever asks wipes it.

    Raises:
        RecordCorruptError: In every failing case, with the same words.
    """
    _require_form(sealed, kind, version)
    header = sealed[:HEADER_BYTES]
    salt, nonce = header[_PREFIX_BYTES:_NONCE_AT], header[_NONCE_AT:_COMMITMENT_AT]
    key, plain = bytearray(KEY_BYTES), bytearray(len(sealed) - OVERHEAD_BYTES)
    try:
        if not compare_digest(_derive(parent, salt, into=key), header[_COMMITMENT_AT:]):
            raise RecordCorruptError
        AESGCM(key).decrypt_into(nonce, sealed[HEADER_BYTES:], _associated_data(header, binding), plain)
        return _unpadded(plain)
    except InvalidTag:
        raise RecordCorruptError from None
    finally:
        wipe(key)
        wipe(plain)


def _require_form(sealed: bytes, kind: Kind, version: int) -> None:
    """Refuse what another kind, suite or parent key made, and what cannot have been made at all."""
    fits = _SMALLEST <= len(sealed) <= _LARGEST and (len(sealed) - OVERHEAD_BYTES) % PADDED_TO_BYTES == 0
    if not fits or sealed[:_PREFIX_BYTES] != _prefix(kind, version):
        raise RecordCorruptError


def _prefix(kind: Kind, version: int) -> bytes:
    return MAGIC + bytes((SUITE, kind)) + version.to_bytes(2)


def _derive(parent: bytes | bytearray, salt: bytes, *, into: bytearray) -> bytes:
    """Derive the key of one record into a buffer, and the commitment to it."""
    HKDF(SHA256(), KEY_BYTES, salt, _ENCRYPTING).derive_into(parent, into)
    return HKDF(SHA256(), KEY_BYTES, salt, _COMMITTING).derive(parent)


def _associated_data(header: bytes, binding: Binding) -> bytes:
    return bound(_LABEL, header, binding.account_id, binding.record_id, binding.provider, binding.purpose)


def _padded(secret: bytes | bytearray) -> bytearray:
    """Length and secret, filled with zeros, so that the length of a record says little about its secret."""
    size = -(-(_LENGTH_BYTES + len(secret)) // PADDED_TO_BYTES) * PADDED_TO_BYTES
    padded = bytearray(size)
    padded[:_LENGTH_BYTES] = len(secret).to_bytes(_LENGTH_BYTES)
    padded[_LENGTH_BYTES : _LENGTH_BYTES + len(secret)] = secret
    return padded


def _unpadded(plain: bytearray) -> bytearray:
    """The secret, if the padding is what it must be; a slice is a copy, ``plain`` is wiped by the caller."""
    length = int.from_bytes(plain[:_LENGTH_BYTES])
    end = _LENGTH_BYTES + length
    smallest = -(-end // PADDED_TO_BYTES) * PADDED_TO_BYTES
    if not 1 <= length <= SECRET_MAX_BYTES or len(plain) != smallest or any(plain[end:]):
        raise RecordCorruptError
    return plain[_LENGTH_BYTES:end]
