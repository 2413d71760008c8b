"""Sign and verify the exact bytes of a message with Ed25519 (RFC 8032).

A signature binds the body to where it was first published, so that a body cannot be replayed on another route.
It travels in headers beside the body: ``kid`` names the key, ``sig`` is base64.

A private key is a PEM file that only its service can read. While the key is changed the file holds both: the first
signs, the other one only opens what is still sealed to it. The public keys of all services are in one JSON file of
pins, ``{"renderer-1f0c…": {"sign": "<base64 of the 32 bytes>", "seal": "<the same of X25519>"}}``; the name says
which service the key may speak for, and two names of one service are valid at a time while its key is changed.
``seal`` is the key to which secrets for that service are sealed (`shared.sealing`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from shared.errors import ConfigurationError, StudiomaticError
from shared.sealing import SealingKey, SealInvalidError, digest

_CONTEXT = b"studiomatic-message-v1"
_ANSWER_CONTEXT = b"studiomatic-answer-v1"

_FINGERPRINT_CHARACTERS = 8
_PEM = re.compile(rb"-----BEGIN [^-]+-----.+?-----END [^-]+-----", re.DOTALL)

#: Permissions that a key file must not have: others may do nothing with it, its group at most read. A group may
#: read because that is how Kubernetes hands a secret to a process that is not root (fsGroup).
_FORBIDDEN_MODE = stat.S_IWGRP | stat.S_IXGRP | stat.S_IRWXO


class SignatureInvalidError(StudiomaticError):
    """The signature is missing, by an unknown key, or not of these bytes on this route."""

    code = "signature_invalid"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs with one named private key, and opens what was sealed to it.

    Attributes:
        also_opens: Further keys of the same service, while its key is changed.
    """

    key_id: str
    private_key: Ed25519PrivateKey = field(repr=False)
    also_opens: tuple[Ed25519PrivateKey, ...] = field(default=(), repr=False)

    @property
    def service(self) -> str:
        """For whom it signs."""
        return service_of(self.key_id)

    @property
    def sealing_key(self) -> SealingKey:
        """Its public half is what others seal to once this key is pinned."""
        return SealingKey.of_service(self.private_key)

    def open(self, box: str, *, info: bytes) -> bytes:
        """What was sealed to this service, to its key of now or to one that is being changed.

        Raises:
            SealInvalidError: In every failing case, with the same words.
        """
        for key in self.also_opens:
            try:
                return SealingKey.of_service(key).open(box, info=info)
            except SealInvalidError:
                continue
        return self.sealing_key.open(box, info=info)

    def sign(self, exact: bytes) -> bytes:
        """The signature of exactly these bytes, 64 bytes."""
        return self.private_key.sign(exact)

    def headers(self, body: bytes, *, exchange: str, routing_key: str) -> dict[str, str]:
        """Headers that make ``body`` authentic when published there."""
        signed = _parts(_CONTEXT, self.key_id, exchange, routing_key, body)
        return self._signature(signed) | {"exchange": exchange, "routing-key": routing_key}

    def answer_headers(self, body: bytes, question: bytes) -> dict[str, str]:
        """Headers that make ``body`` the authentic answer to exactly this question, and to no other."""
        return self._signature(_parts(_ANSWER_CONTEXT, self.key_id, digest(question), body))

    def _signature(self, exact: bytes) -> dict[str, str]:
        return {"kid": self.key_id, "sig": base64.b64encode(self.sign(exact)).decode()}


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Knows the public keys by their names."""

    public_keys: Mapping[str, Ed25519PublicKey]
    sealing_keys: Mapping[str, str] = field(default_factory=dict)

    def service_of(self, key_id: str) -> str | None:
        """For whom a pinned key may speak; None for one that is not pinned."""
        return service_of(key_id) if key_id in self.public_keys else None

    def sealing_key_of(self, service: str) -> str:
        """The public key to which secrets for ``service`` are sealed: that of its newest pin, last in the file.

        Raises:
            ConfigurationError: None is pinned.
        """
        found = [key for name, key in self.sealing_keys.items() if service_of(name) == service]
        if not found:
            raise ConfigurationError(f"no key of {service} is pinned; add it to the file of signing pins")
        return found[-1]

    def check(self, key_id: str, signature: bytes, exact: bytes) -> None:
        """Check a signature of exactly these bytes.

        Raises:
            SignatureInvalidError: It is not by that key, or the key is not pinned.
        """
        key = self.public_keys.get(key_id)
        if key is None:
            raise SignatureInvalidError
        try:
            key.verify(signature, exact)
        except InvalidSignature:
            raise SignatureInvalidError from None

    def verify(self, body: bytes, headers: Mapping[str, object]) -> str:
        """Check a message and name its signer.

        Returns:
            The id of the key that signed.
        Raises:
            SignatureInvalidError: In every failing case, with the same words.
        """
        key_id, exchange, routing_key = (_text(headers, name) for name in ("kid", "exchange", "routing-key"))
        self.check(key_id, _signature(headers), _parts(_CONTEXT, key_id, exchange, routing_key, body))
        return key_id

    def verify_answer(self, body: bytes, headers: Mapping[str, object], question: bytes) -> str:
        """Check that a body is the answer to exactly this question, and name its signer; else as `verify`."""
        key_id = _text(headers, "kid")
        self.check(key_id, _signature(headers), _parts(_ANSWER_CONTEXT, key_id, digest(question), body))
        return key_id


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a private key in a new file of mode 0600; the file is there with the whole key or not at all.

    Raises:
        FileExistsError: There is a file already; a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Read the private key that signs, the first of its file; raises as `load_keys`."""
    return load_keys(path)[0]


def load_keys(path: Path) -> list[Ed25519PrivateKey]:
    """Read the private keys of a file, at least one.

    Raises:
        ConfigurationError: It cannot be read, holds no Ed25519 key, or others could read it, too.
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
    return [_private_key(each, path) for each in _PEM.findall(pem) or [pem]]


def key_id(service: str, public_key: Ed25519PublicKey) -> str:
    """Name a key: the service it speaks for, and the first 8 hexadecimal digits of its SHA-256."""
    digest = hashlib.sha256(public_key.public_bytes_raw()).hexdigest()
    return f"{service}-{digest[:_FINGERPRINT_CHARACTERS]}"


def service_of(key_id: str) -> str:
    """The service that a key is named after."""
    return key_id.rpartition("-")[0]


def pin(key: Ed25519PrivateKey) -> dict[str, str]:
    """The public halves of a service's key, as they stand in the file of pins."""
    return {
        "sign": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        "seal": SealingKey.of_service(key).public,
    }


def pins_of(keys: Mapping[str, Ed25519PrivateKey]) -> dict[str, dict[str, str]]:
    """The pins of one key for each service."""
    return {key_id(service, key.public_key()): pin(key) for service, key in keys.items()}


def write_pins(path: Path, keys: Mapping[str, Ed25519PrivateKey]) -> None:
    """Write the file of pins: the public halves of one key for each service."""
    path.write_text(json.dumps(pins_of(keys), indent=2) + "\n")


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
    return Verifier(
        public_keys={name: _pinned(name, entry, path) for name, entry in pins.items()},
        sealing_keys={name: str(entry["seal"]) for name, entry in pins.items()},
    )


def load_signer(key_file: Path, pins: Verifier, services: Iterable[str]) -> Signer:
    """Read the private key of a process that runs ``services``.

    Raises:
        ConfigurationError: The key cannot be used, or is not pinned for any of the services.
    """
    key, *others = load_keys(key_file)
    names = [key_id(service, key.public_key()) for service in services]
    for name in names:
        if name in pins.public_keys:
            return Signer(key_id=name, private_key=key, also_opens=tuple(others))
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


def _pinned(name: str, entry: object, path: Path) -> Ed25519PublicKey:
    if not isinstance(entry, dict) or not {"sign", "seal"} <= entry.keys():
        raise ConfigurationError(f"the signing pin {name} in {path} must have a `sign` and a `seal`")
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(entry["sign"]), validate=True))
        X25519PublicKey.from_public_bytes(base64.b64decode(str(entry["seal"]), validate=True))
    except ValueError:
        raise ConfigurationError(f"the signing pin {name} in {path} is no base64 of 32 bytes") from None
    expected = key_id(service_of(name), key)
    if name != expected:
        raise ConfigurationError(f"the signing pin {name} in {path} is of another key: {expected}")
    return key


def _text(headers: Mapping[str, object], name: str) -> str:
    value = headers.get(name)
    return value if isinstance(value, str) else ""


def _signature(headers: Mapping[str, object]) -> bytes:
    try:
        return base64.b64decode(_text(headers, "sig"), validate=True)
    except ValueError:  # of Base64 and of letters that are no ASCII
        raise SignatureInvalidError from None


def _parts(*parts: str | bytes) -> bytes:
    """Length-prefixed parts: no two different messages have the same bytes."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(8) + part for part in encoded)
