"""Tokens that whoever holds them is believed: 256 random bits, of which only a hash is ever stored."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """32 random bytes in URL-safe Base64 without padding, 43 characters (ASVS 5.0 7.2.3, 11.5.1)."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is stored of a token: SHA-256 in hexadecimal digits. At 256 random bits it needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
