"""Seal bytes so that one receiver can open them: HPKE base mode (RFC 9180), X25519, HKDF-SHA256, AES-256-GCM.

A sealed box says nothing about its sender: who needs to know signs it. ``info`` binds a box to what it is for, and
must be the same at both ends; a box of another purpose, request or person does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import InvalidInputError, StudiomaticError

OVERHEAD_BYTES = 48
"""What a box is longer than what is in it: an X25519 key of 32 bytes and a tag of 16."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_DERIVED = b"studiomatic/sealing-key/1"


class SealInvalidError(StudiomaticError):
    """The box does not open: damaged, for somebody else, or for another purpose."""

    code = "seal_invalid"


@dataclass(frozen=True)
class SealingKey:
    """A private key that opens boxes; its public half is given to whoever shall seal."""

    private_key: X25519PrivateKey = field(repr=False)

    @classmethod
    def one_time(cls) -> SealingKey:
        """A fresh key, for the answer to one request."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def of_service(cls, signing_key: Ed25519PrivateKey) -> SealingKey:
        """The lasting key of a service, derived from its signing key, so that there is one secret to keep."""
        derived = HKDF(SHA256(), length=32, salt=None, info=_DERIVED).derive(signing_key.private_bytes_raw())
        return cls(X25519PrivateKey.from_private_bytes(derived))

    @property
    def public(self) -> str:
        """The public half, Base64 of 32 bytes."""
        return base64.b64encode(self.private_key.public_key().public_bytes_raw()).decode()

    def open(self, box: str, *, info: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealInvalidError: In every failing case, with the same words.
        """
        try:
            return _SUITE.decrypt(base64.b64decode(box, validate=True), self.private_key, info=info)
        except (InvalidTag, ValueError):  # of Base64, too
            raise SealInvalidError from None


def seal(secret: bytes | bytearray, public: str, *, info: bytes) -> str:
    """Seal bytes to a public key; Base64.

    Raises:
        InvalidInputError: It is no public key.
    """
    try:
        key = X25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        return base64.b64encode(_SUITE.encrypt(secret, key, info=info)).decode()
    except (binascii.Error, ValueError):
        raise InvalidInputError("the key to seal to is no Base64 of an X25519 public key") from None


def bound(*parts: str | bytes) -> bytes:
    """Information from parts, each with its length, so that no two lists of parts are alike."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4) + part for part in encoded)


def digest(body: bytes) -> bytes:
    """SHA-256, by which answers name their request."""
    return hashlib.sha256(body).digest()


def secret_info(account_id: str, provider: str) -> bytes:
    """What binds a provider key on its way to keyvault (``PutKey``, ``ReplaceKey``) to its owner and provider."""
    return bound("studiomatic/kv/put/1", account_id, provider)


def totp_info(account_id: str, record_id: str) -> bytes:
    """What binds a new second-factor seed on its way from keyvault to its owner."""
    return bound("studiomatic/kv/totp/1", account_id, record_id)


def delivery_info(request: bytes, record_id: str) -> bytes:
    """What binds a delivered key to exactly one request (its canonical bytes) and record."""
    return bound("studiomatic/kv/deliver/1", digest(request), record_id)
