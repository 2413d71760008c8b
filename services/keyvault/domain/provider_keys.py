"""Which texts may be a provider key, and what of one may be shown."""

from __future__ import annotations

from shared.contracts.vault import SECRET_MAX_BYTES
from shared.errors import InvalidInputError

SHOWN_CHARACTERS = 4
SHOWN_FROM_CHARACTERS = 12
"""Of shorter keys the last four characters would say too much."""

_VISIBLE = range(0x21, 0x7F)
"""What a header field may hold besides spaces and obsolete text (RFC 9110 section 5.5)."""


def require_usable(secret: bytearray) -> None:
    """Refuse what is no key: a key becomes a header of a request, and must not become more than that.

    Raises:
        InvalidInputError: Empty, too long, or with spaces, line ends, control characters or other than ASCII.
    """
    if not 1 <= len(secret) <= SECRET_MAX_BYTES:
        raise InvalidInputError(f"a key has 1 to {SECRET_MAX_BYTES} bytes")
    if not all(byte in _VISIBLE for byte in secret):
        raise InvalidInputError("a key is visible ASCII without spaces and line ends; copy it again")


def last4(secret: bytearray) -> str:
    """What is shown of a key, so that its owner knows it again; nothing of a short one."""
    return secret[-SHOWN_CHARACTERS:].decode("ascii") if len(secret) >= SHOWN_FROM_CHARACTERS else ""
