"""Turns come in the order they were asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from shared.db.turns import Turn


def waiting(turn: Turn, got: Callable[[bool], None], timeout_s: float = 10) -> threading.Thread:
    """A thread that stands in line when this returns."""
    before = len(turn._waiting)
    thread = threading.Thread(target=lambda: got(turn.acquire(timeout_s)))
    thread.start()
    while len(turn._waiting) == before and thread.is_alive():
        pass
    return thread


def test_the_turn_goes_to_whoever_waits_longest_not_back_to_the_one_who_had_it() -> None:
    turn = Turn()
    order: list[str] = []
    assert turn.acquire(0)
    threads = [waiting(turn, lambda _, name=name: order.append(name)) for name in ("first", "second", "third")]
    for thread in threads:
        turn.release()
        assert not turn.acquire(0), "handed on already"
        thread.join(10)
    assert order == ["first", "second", "third"]
    turn.release()
    assert turn.acquire(0)


def test_who_gives_up_loses_nobody_elses_turn() -> None:
    turn = Turn()
    answers: list[tuple[str, bool]] = []
    assert turn.acquire(0)
    waiting(turn, lambda came: answers.append(("impatient", came)), timeout_s=0.01).join(10)
    patient = waiting(turn, lambda came: answers.append(("patient", came)))
    turn.release()
    patient.join(10)
    assert answers == [("impatient", False), ("patient", True)]


def test_a_turn_that_comes_when_its_owner_has_just_given_up_is_handed_on() -> None:
    turn = Turn()
    assert turn.acquire(0)
    late = turn._queue_up()
    assert late is not None
    turn.release()
    turn._leave(late)
    assert turn.acquire(0)
