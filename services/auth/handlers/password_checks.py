"""Which passwords are accepted, and how they are hashed and compared."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.auth.domain.passwords import (
    StoredPassword,
    normalised,
    reason_of_derivation,
    reason_of_length,
)
from shared.contracts.refusals import PasswordRefusedError, TooManyAttemptsError
from shared.contracts.sessions import JudgePassword, PasswordJudged

WEAK_SCORE = 1
"""zxcvbn's "too guessable" and "very guessable": repeats, rows of keys, dates, and what is on its lists."""

QUEUE_PATIENCE_S = 5.0
"""Who waits longer for his turn to be hashed is asked to come back."""


class Meter(Protocol):
    """Tells how hard a password is to guess; asks nobody outside."""

    def score(self, password: str) -> int:
        """From 0 to 4."""
        ...

    def is_common(self, password: str) -> bool:
        """Whether it is one of the passwords that most people have."""
        ...


class Breaches(Protocol):
    """Passwords that became known when somebody was broken into."""

    def holds(self, password: str) -> bool: ...


class Hasher(Protocol):
    """Argon2id; the result is a PHC string with its own salt and parameters."""

    def hash(self, data: bytes) -> str: ...
    def fits(self, phc: str, data: bytes) -> bool: ...
    def is_current(self, phc: str) -> bool:
        """Whether it was made with today's parameters."""
        ...

    def unguessable(self) -> str:
        """A PHC string with today's parameters that no password fits, made without any work."""
        ...


class PasswordChecks:
    """Judges passwords before they are set."""

    def __init__(self, meter: Meter, breaches: Breaches) -> None:
        self._meter = meter
        self._breaches = breaches

    def require_acceptable(self, password: str, *, name: str, email: str) -> None:
        """Refuse what is too short, too long, known or easy to guess.

        Raises:
            PasswordRefusedError: Says why, in words for a person, never with the password.
        """
        reason = self._reason(normalised(password), name, email)
        if reason is not None:
            raise PasswordRefusedError(f"the password is not accepted: {reason}")

    def is_breached(self, password: str) -> bool:
        """Whether a password has become known since it was set."""
        return self._breaches.holds(normalised(password))

    def judge(self, query: JudgePassword) -> PasswordJudged:
        """How good a password would be."""
        password = normalised(query.password)
        reason = self._reason(password, query.name, query.email)
        return PasswordJudged(acceptable=reason is None, reason=reason or "", strength=self._meter.score(password))

    def _reason(self, password: str, name: str, email: str) -> str | None:
        if self._meter.is_common(password):
            return "it is one of the most common passwords"
        if (reason := reason_of_length(password)) is not None:
            return reason
        if (reason := reason_of_derivation(password, name=name, email=email)) is not None:
            return reason
        if self._breaches.holds(password):
            return "it is known from a breach of another service"
        if self._meter.score(password) <= WEAK_SCORE:
            return "it is too easy to guess; use several words that do not belong together"
        return None


@dataclass(frozen=True, kw_only=True)
class Peppers:
    """Keys of the hash before Argon2id; kept outside the database, so that a stolen one cannot be tried.

    Attributes:
        keys: By version, from 1. The newest makes new hashes.
    """

    keys: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def current(self) -> int:
        """The version for new hashes; 0: none."""
        return max(self.keys, default=0)

    def applied(self, version: int, password: str) -> bytes:
        """What Argon2id is given (NIST SP 800-63B-4 3.1.1.2: an additional keyed hash)."""
        data = normalised(password).encode()
        return data if version == 0 else hmac.new(self.keys[version], data, hashlib.sha256).digest()

    def check_value(self, version: int) -> str:
        """Tells one key from another, and nothing else about it."""
        return hmac.new(self.keys[version], b"studiomatic/auth/pepper-check/1", hashlib.sha256).hexdigest()

    def derived(self, purpose: str) -> bytes:
        """A key for something else. Without a pepper it is no secret."""
        key = self.keys[self.current] if self.current else b""
        return hmac.new(key, f"studiomatic/auth/{purpose}/1".encode(), hashlib.sha256).digest()


class PasswordHashing:
    """Hashes and compares passwords, a few at a time: each needs its memory while it lasts.

    Args:
        offload: Runs a call where it does not stop others.
        at_a_time: Most hashes under way in this process.
    """

    def __init__(
        self,
        hasher: Hasher,
        peppers: Peppers,
        *,
        offload: Callable[[Callable[[], object]], object],
        at_a_time: int,
    ) -> None:
        self._hasher = hasher
        self._peppers = peppers
        self._offload = offload
        self._turns = threading.BoundedSemaphore(at_a_time)
        self._unguessable = hasher.unguessable()

    def hashed(self, password: str) -> tuple[str, int]:
        """PHC string and pepper version to be stored."""
        version = self._peppers.current
        data = self._peppers.applied(version, password)
        return str(self._in_turn(lambda: self._hasher.hash(data))), version

    def verify(self, password: str, phc: str, pepper_version: int) -> bool:
        """Whether it is the password, to the last character."""
        data = self._peppers.applied(pepper_version, password)
        return bool(self._in_turn(lambda: self._hasher.fits(phc, data)))

    def dummy_verify(self, password: str) -> None:
        """As much work as ``verify``, for accounts that do not exist (ASVS 5.0 6.3.8)."""
        self.verify(password, self._unguessable, self._peppers.current)

    def is_current(self, stored: StoredPassword) -> bool:
        """Whether a new hash of the same password would be no better (ASVS 5.0 11.4.2)."""
        return stored.pepper_version == self._peppers.current and self._hasher.is_current(stored.phc)

    def _in_turn(self, work: Callable[[], object]) -> object:
        if not self._turns.acquire(timeout=QUEUE_PATIENCE_S):
            raise TooManyAttemptsError("too many people log in at once; try again in a moment")
        try:
            return self._offload(work)
        finally:
            self._turns.release()
