"""Hashes are made a few at a time: each needs 47 MiB while it lasts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth.handlers import password_checks
from services.auth.handlers.password_checks import PasswordHashing, Peppers
from services.auth.hashing import AT_A_TIME, RECOMMENDED, Argon2Hasher
from shared.contracts.refusals import TooManyAttemptsError
from shared.contracts.registry import queries_of


class HeldHasher(Argon2Hasher):
    """Works only when it is let, and counts how many wait for that."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()
        self.at_work = self.most = 0
        self._guard = threading.Lock()

    def fits(self, phc: str, data: bytes) -> bool:
        with self._guard:
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        self.let.wait(20)
        with self._guard:
            self.at_work -= 1
        return True


def hashing_with(hasher: Argon2Hasher, at_a_time: int) -> PasswordHashing:
    return PasswordHashing(hasher, Peppers(), offload=lambda call: call(), at_a_time=at_a_time)


def test_a_flood_of_logins_needs_no_more_memory_than_a_few(eventually) -> None:
    """ASVS 5.0 15.2.2: 4 hashes of 47 MiB at a time, however many are asked for."""
    hasher = HeldHasher()
    hashing = hashing_with(hasher, at_a_time=2)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(hashing.dummy_verify, "any password at all") for _ in range(8)]
        eventually(lambda: hasher.at_work == 2)
        hasher.let.set()
        for answer in asked:
            answer.result(timeout=20)
    assert hasher.most == 2
    assert AT_A_TIME * RECOMMENDED.memory_kib <= 256 * 1024


def test_who_waits_too_long_for_a_turn_is_asked_to_come_back(monkeypatch, eventually) -> None:
    """ASVS 5.0 15.2.2: a queue without end is an outage."""
    monkeypatch.setattr(password_checks, "QUEUE_PATIENCE_S", 0.01)
    hasher = HeldHasher()
    hashing = hashing_with(hasher, at_a_time=1)
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(hashing.dummy_verify, "any password at all")
        eventually(lambda: hasher.at_work == 1)
        with pytest.raises(TooManyAttemptsError, match="in a moment"):
            hashing.dummy_verify("any password at all")
        hasher.let.set()
        busy.result(timeout=20)
    hashing.dummy_verify("any password at all")


def test_a_failing_hash_gives_its_turn_back() -> None:
    class Failing(Argon2Hasher):
        def fits(self, phc: str, data: bytes) -> bool:
            raise MemoryError

    hashing = hashing_with(Failing(), at_a_time=1)
    for _ in range(3):
        with pytest.raises(MemoryError):
            hashing.dummy_verify("any password at all")


def test_every_question_to_auth_has_an_answer(desk) -> None:
    assert set(desk.auth._answers) == set(queries_of("auth"))
