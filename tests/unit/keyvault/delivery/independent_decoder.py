"""Reads our formats from their description alone: no line of the product, only standard primitives.

Run by hand it decodes the file of known answers: ``python independent_decoder.py known_answers.json``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")  # DHKEM(X25519, HKDF-SHA256)
HPKE_SUITE = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0002))


def statement(text: str, kind: str, public_keys: dict[str, str]) -> dict[str, Any]:
    """A ticket, job token or grant whose signature was checked."""
    kid, body, signature = text.split(".")
    exact = unpadded(body)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_keys[kid]))
    key.verify(unpadded(signature), b"studiomatic/" + kind.encode() + b"/1\0" + exact)
    read: dict[str, Any] = json.loads(exact)
    return read


def delivered(reply: dict[str, Any], request: bytes, one_time_key: str) -> bytes:
    """The secret in an answer to exactly these bytes of a request."""
    info = parts(b"studiomatic/kv/deliver/1", hashlib.sha256(request).digest(), reply["record_id"].encode())
    return hpke_open(base64.b64decode(reply["sealed_secret"]), one_time_key, info)


def audit_hash(row: dict[str, Any]) -> str:
    """The hash that a row must have."""
    columns = ("actor", "action", "subject", "record_id", "job_id", "grant_id", "outcome", "reason")
    canonical = parts(
        str(row["sequence"]).encode(), row["occurred_at"].encode(), *(row[column].encode() for column in columns)
    )
    return hashlib.sha256(b"kv-audit/1" + bytes.fromhex(row["previous"]) + canonical).hexdigest()


def check_head(head: dict[str, Any], public_keys: dict[str, str]) -> None:
    """Raises InvalidSignature unless keyvault signed it."""
    signed = parts(
        b"studiomatic/kv/audit-head/1",
        str(head["sequence"]).encode(),
        head["hash"].encode(),
        head["signed_at"].encode(),
    )
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_keys[head["kid"]]))
    key.verify(base64.b64decode(head["signature"]), signed)


def hpke_open(box: bytes, private: str, info: bytes) -> bytes:
    """RFC 9180, base mode, single shot, no additional data."""
    key = X25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    encapsulated, ciphertext = box[:32], box[32:]
    shared = key.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    context = encapsulated + key.public_key().public_bytes_raw()
    prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", shared)
    secret = labeled_expand(KEM_SUITE, prk, b"shared_secret", context, 32)
    schedule = (
        b"\0"
        + labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
        + labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    )
    prk = labeled_extract(HPKE_SUITE, secret, b"secret", b"")
    aead = AESGCM(labeled_expand(HPKE_SUITE, prk, b"key", schedule, 32))
    return aead.decrypt(labeled_expand(HPKE_SUITE, prk, b"base_nonce", schedule, 12), ciphertext, b"")


def labeled_extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """One block is enough for all lengths here (RFC 5869 section 2.3)."""
    labeled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, labeled + b"\x01", "sha256")[:length]


def parts(*items: bytes) -> bytes:
    """Items, each after its length as four bytes, big-endian."""
    return b"".join(len(item).to_bytes(4, "big") + item for item in items)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


if __name__ == "__main__":
    known = json.loads(Path(sys.argv[1]).read_text())
    grant = statement(known["grant"], "grant", known["public_keys"])
    job_token = statement(grant["job_token"], "jobtoken", known["public_keys"])
    secret = delivered(known["reply"], known["request"].encode(), known["one_time_key"])
    print(json.dumps({"grant": grant, "job_token": job_token, "secret": secret.decode()}, indent=2))
    print("audit:", [audit_hash(row) == row["hash"] for row in known["audit"]])
