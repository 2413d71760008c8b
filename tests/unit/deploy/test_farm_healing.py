"""Who dies is started again, and who keeps dying later and later."""

from __future__ import annotations

import threading

import pytest

from deploy.local.errors import ServerUnavailableError
from deploy.local.farm_healing import FIRST_WAIT_S, LONGEST_WAIT_S, RECOVERED_S, Charge, Healing


class Patient:
    """Lives or not, and counts its starts."""

    def __init__(self, *, hopeless: bool = False) -> None:
        self.alive = True
        self.starts = 0
        self._hopeless = hopeless

    def start(self) -> None:
        self.starts += 1
        if self._hopeless:
            raise ServerUnavailableError("ended while starting")
        self.alive = True


def charge(patient: Patient) -> Charge:
    return Charge(name="renderer-1", member=patient, start=patient.start)


def wait_until_started(looked_after: Charge, patient: Patient, now: float) -> float:
    """Look ten times a second until there is one more start; returns when it was."""
    before = patient.starts
    while patient.starts == before:
        now += 0.1
        looked_after.look(now)
    return now


def test_the_living_are_left_alone() -> None:
    patient = Patient()
    assert not charge(patient).look(1.0)
    assert patient.starts == 0


def test_the_dead_are_started_after_a_short_wait() -> None:
    patient = Patient()
    looked_after = charge(patient)
    patient.alive = False
    assert not looked_after.look(10.0)
    assert not looked_after.look(10.0 + FIRST_WAIT_S - 0.01)
    assert looked_after.look(10.0 + FIRST_WAIT_S)
    assert patient.starts == 1


def test_waits_double_up_to_the_longest_while_somebody_keeps_dying() -> None:
    patient = Patient()
    looked_after = charge(patient)
    waits = []
    now = 0.0
    for _ in range(9):
        patient.alive = False
        looked_after.look(now)
        waits.append(looked_after.wait_s)
        now = wait_until_started(looked_after, patient, now)
    assert waits == [0.5, 1, 2, 4, 8, 16, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_whoever_lived_long_enough_is_started_soon_again() -> None:
    patient = Patient()
    looked_after = charge(patient)
    now = 0.0
    for _ in range(5):
        patient.alive = False
        looked_after.look(now)
        now = wait_until_started(looked_after, patient, now)
    patient.alive = False
    looked_after.look(now + RECOVERED_S)
    assert looked_after.wait_s == FIRST_WAIT_S


def test_a_start_that_fails_is_tried_again_and_ends_nothing() -> None:
    patient = Patient(hopeless=True)
    looked_after = charge(patient)
    patient.alive = False
    now = wait_until_started(looked_after, patient, 0.0)
    wait_until_started(looked_after, patient, now)
    assert patient.starts == 2


class Slow(Patient):
    """Is as long in starting as the test likes."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_live = threading.Event(), threading.Event()

    def start(self) -> None:
        self.begun.set()
        assert self.may_live.wait(30)
        super().start()


def test_the_dead_are_started_while_another_is_long_in_starting() -> None:
    slow, quick, lost = Slow(), Patient(), Patient()
    restarted = threading.Event()

    def start_quick() -> None:
        assert slow.begun.wait(30)
        quick.start()

    def break_down() -> None:
        assert restarted.wait(30)
        assert not slow.alive
        slow.may_live.set()
        raise KeyError("ends the test")

    charges = [
        Charge(name="slow", member=slow, start=slow.start),
        Charge(name="quick", member=quick, start=start_quick),
        Charge(name="lost", member=lost, start=break_down),
    ]
    slow.alive = quick.alive = lost.alive = False

    with pytest.raises(KeyError, match="ends the test"):
        Healing(charges, restarted=restarted.set).serve()
