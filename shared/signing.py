"""Sign and verify the exact bytes of a message with Ed25519 (RFC 8032).

A signature binds the body to where it was first published, so that a body cannot be replayed on another route.
It travels in headers beside the body: ``kid`` names the key, ``sig`` is base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import StudiomaticError

_CONTEXT = b"studiomatic-message-v1"


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


def _signed_bytes(key_id: str, body: bytes, exchange: str, routing_key: str) -> bytes:
    """Length-prefixed parts: no two different messages have the same bytes."""
    parts = (_CONTEXT, key_id.encode(), exchange.encode(), routing_key.encode(), body)
    return b"".join(len(part).to_bytes(8) + part for part in parts)
