"""Finds the account that somebody means who types an address."""

from __future__ import annotations

from services.auth.domain.addresses import address_of
from shared.errors import InvalidInputError


def key_of(email: str) -> str:
    """The key of an address that somebody typed; of what is no address, a key that no account has."""
    try:
        return address_of(email).key
    except InvalidInputError:
        return email.strip()
