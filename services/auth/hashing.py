"""Argon2id by argon2-cffi, with parameters that RFC 9106 and OWASP call enough."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

import argon2
from argon2.exceptions import VerificationError

HASH_BYTES = 32
SALT_BYTES = 16
_VERSION = argon2.low_level.ARGON2_VERSION


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one hash costs.

    Attributes:
        memory_kib: Memory that is filled, in KiB.
        rounds: How often.
        lanes: Threads at most.
    """

    memory_kib: int
    rounds: int
    lanes: int


RECOMMENDED = Cost(memory_kib=47 * 1024, rounds=1, lanes=1)
"""At least what OWASP's Password Storage Cheat Sheet asks of one round on one thread (46 MiB)."""

AT_A_TIME = 4
"""Hashes under way in one process: 188 MiB at most."""


class Argon2Hasher:
    """Makes and compares PHC strings; both release the interpreter while they work."""

    def __init__(self, cost: Cost = RECOMMENDED) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=cost.rounds,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=HASH_BYTES,
            salt_len=SALT_BYTES,
            type=argon2.Type.ID,
        )
        self._parameters = f"$argon2id$v={_VERSION}$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}"

    def hash(self, data: bytes) -> str:
        """PHC string of ``data`` with a new salt."""
        return self._argon2.hash(data)

    def fits(self, phc: str, data: bytes) -> bool:
        """Whether ``phc`` was made of ``data``."""
        try:
            return self._argon2.verify(phc, data)
        except VerificationError:
            return False

    def is_current(self, phc: str) -> bool:
        """Whether it was made with this cost."""
        return not self._argon2.check_needs_rehash(phc)

    def unguessable(self) -> str:
        """A PHC string of this cost with a random result, which nobody knows a password for."""
        return "$".join((self._parameters, _part(SALT_BYTES), _part(HASH_BYTES)))


def _part(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=")
