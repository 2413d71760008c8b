"""Sign and verify the exact bytes of a message with Ed25519 (RFC 8032).

A signature binds the body to where it was first published, so that a body cannot be replayed on another route.
It travels in headers beside the body: ``kid`` names the key, ``sig`` is base64.

A private key is a PEM file that only its service can read. The public keys of all services are in one JSON file of
pins, ``{"renderer-1f0c…": "<base64 of the 32 bytes>"}``; the name says which service the key may speak for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from shared.errors import ConfigurationError, StudiomaticError

_CONTEXT = b"studiomatic-message-v1"

_FINGERPRINT_CHARACTERS = 8

#: Permissions that a key file must not have: others may do nothing with it, its group at most read. A group may
#: read because that is how Kubernetes hands a secret to a process that is not root (fsGroup).
_FORBIDDEN_MODE = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO


class SignatureInvalidError(StudiomaticError):
    """The signature is missing, by an unknown key, or not of these bytes on this route."""

    code = "signature_invalid"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs with one named private key."""

    key_id: str
    private_key: Ed25519PrivateKey

    def headers(self, body: bytes, *, exchange: str, routing_key: str) -> dict[str, str]:
        """Headers that make ``body`` authentic when published there."""
        signature = self.private_key.sign(_signed_bytes(self.key_id, body, exchange, routing_key))
        return {
            "kid": self.key_id,
            "sig": base64.b64encode(signature).decode(),
            "exchange": exchange,
            "routing-key": routing_key,
        }


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Knows the public keys by their names."""

    public_keys: Mapping[str, Ed25519PublicKey]

    def verify(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Check a message and name its signer.

        Returns:
            The id of the key that signed.
        Raises:
            SignatureInvalidError: In every failing case, with the same words.
        """
        key_id = headers.get("kid", "")
        key = self.public_keys.get(key_id)
        try:
            if key is None:
                raise SignatureInvalidError
            signature = base64.b64decode(headers.get("sig", ""), validate=True)
            route = (headers.get("exchange", ""), headers.get("routing-key", ""))
            key.verify(signature, _signed_bytes(key_id, body, *route))
        except (InvalidSignature, binascii.Error):
            raise SignatureInvalidError from None
        return key_id


def make_key(path: Path) -> Ed25519PublicKey:
    """Make a private key in a new file of mode 0600, and return its public half.

    Raises:
        FileExistsError: There is a file already; a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return key.public_key()


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        ConfigurationError: It cannot be read, is no Ed25519 key, or others could read it, too.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read()
    except OSError as error:
        raise ConfigurationError(f"the signing key {path} cannot be read: {error.strerror}") from None
    if mode & _FORBIDDEN_MODE:
        raise ConfigurationError(
            f"the signing key {path} has mode {mode:04o}, so it may not be secret any more: make a new one, or if"
            f" nobody else was on this machine: chmod 600 {path}"
        )
    return _private_key(pem, path)


def key_id(service: str, public_key: Ed25519PublicKey) -> str:
    """Name a key: the service it speaks for, and the first 8 hexadecimal digits of its SHA-256."""
    digest = hashlib.sha256(public_key.public_bytes_raw()).hexdigest()
    return f"{service}-{digest[:_FINGERPRINT_CHARACTERS]}"


def write_pins(path: Path, public_keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Write the file of pins, key id to public key."""
    pins = {name: base64.b64encode(key.public_bytes_raw()).decode() for name, key in public_keys.items()}
    path.write_text(json.dumps(pins, indent=2, sort_keys=True) + "\n")


def load_pins(path: Path) -> Verifier:
    """Read the public keys that are trusted.

    Raises:
        ConfigurationError: The file cannot be read, or an entry is no public key or not the one its name says.
    """
    try:
        pins = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no JSON"
        raise ConfigurationError(f"the signing pins {path} cannot be read: {reason}") from None
    if not isinstance(pins, dict):
        raise ConfigurationError(f"the signing pins {path} must be an object of key ids and public keys")
    return Verifier(public_keys={name: _pinned(name, encoded, path) for name, encoded in pins.items()})


def load_signer(key_file: Path, pins: Verifier, services: Iterable[str]) -> Signer:
    """Read the private key of a process that runs ``services``.

    Raises:
        ConfigurationError: The key cannot be used, or is not pinned for any of the services.
    """
    key = load_key(key_file)
    names = [key_id(service, key.public_key()) for service in services]
    for name in names:
        if name in pins.public_keys:
            return Signer(key_id=name, private_key=key)
    raise ConfigurationError(
        f"the signing key {key_file} is not pinned: the pins have none of {', '.join(names)}; use the key of this"
        " service, or add its public key to the pins of every service"
    )


def _private_key(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigurationError(
            f"the signing key {path} is no PEM file of a private key without password"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(
            f"the signing key {path} is no Ed25519 key; make one with shared.signing.make_key"
        )
    return key


def _pinned(name: str, encoded: object, path: Path) -> Ed25519PublicKey:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(encoded), validate=True))
    except ValueError:
        raise ConfigurationError(f"the signing pin {name} in {path} is no base64 of 32 bytes") from None
    service, _, _ = name.rpartition("-")
    if name != key_id(service, key):
        raise ConfigurationError(f"the signing pin {name} in {path} is of another key: {key_id(service, key)}")
    return key


def _signed_bytes(key_id: str, body: bytes, exchange: str, routing_key: str) -> bytes:
    """Length-prefixed parts: no two different messages have the same bytes."""
    parts = (_CONTEXT, key_id.encode(), exchange.encode(), routing_key.encode(), body)
    return b"".join(len(part).to_bytes(8) + part for part in parts)
