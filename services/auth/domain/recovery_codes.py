"""Recovery codes: ten single-use texts that stand in for a lost second factor (NIST SP 800-63B-4 3.1.2).

``XXXXXX-XXXXXX-XXXXXX-XXXXXX``, 24 characters of Crockford's Base32 from 15 random bytes: 120 bits. At more than
112 bits a plain hash is enough (ASVS 5.0 6.5.2): nobody can try them all.
"""

from __future__ import annotations

import hashlib
import secrets

from shared.contracts.factors import RECOVERY_CODES

ENTROPY_BITS = 120

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U, which are mistaken for others."""
_BITS_PER_CHARACTER = 5
_CHARACTERS = ENTROPY_BITS // _BITS_PER_CHARACTER
_GROUP = 6
_AS_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_CONTEXT = b"studiomatic/recovery-code/1\0"


def new_codes() -> tuple[str, ...]:
    """Ten new codes, as they are shown once."""
    return tuple(_new_code() for _ in range(RECOVERY_CODES))


def code_hash(written: str) -> str:
    """What is stored of a code, however its owner writes it: in any case, with or without hyphens.

    SHA-256 in hexadecimal digits. Any text has one, so that a wrong code takes the same way as a right one.
    """
    meant = written.upper().translate(_AS_MEANT)
    return hashlib.sha256(_CONTEXT + meant.encode()).hexdigest()


def _new_code() -> str:
    number = secrets.randbits(ENTROPY_BITS)
    shifts = range(ENTROPY_BITS - _BITS_PER_CHARACTER, -1, -_BITS_PER_CHARACTER)
    characters = "".join(_ALPHABET[(number >> shift) & 31] for shift in shifts)
    return "-".join(characters[start : start + _GROUP] for start in range(0, _CHARACTERS, _GROUP))
