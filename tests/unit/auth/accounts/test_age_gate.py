"""Children get no account, and nothing of them is stored."""

from __future__ import annotations

from datetime import date

import pytest

from services.auth.domain.ages import age_on
from services.auth.handlers.age_gate import MOST_REMEMBERED, AgeGate
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import NotOldEnoughError

TODAY = date(2030, 1, 1)  # of the fixed clock


def test_under_13_nothing_is_stored_in_any_table(desk) -> None:
    """Privacy policy, "Children's Privacy"; no trace in the database, and no count of attempts either."""
    before = desk.rows()
    with pytest.raises(NotOldEnoughError):
        desk.register(birth_date=date(2017, 1, 2))
    assert desk.rows() == before
    assert not desk.hasher.calls
    assert desk.deliver() == []


def test_on_the_13th_birthday_an_account_can_be_opened(desk) -> None:
    desk.register(birth_date=date(2017, 1, 1))
    assert desk.rows()["accounts"] == 1


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        (date(2016, 2, 29), date(2029, 2, 28), 12),
        (date(2016, 2, 29), date(2029, 3, 1), 13),
        (date(2016, 12, 31), date(2029, 12, 30), 12),
        (date(2016, 12, 31), date(2029, 12, 31), 13),
    ],
)
def test_age_in_full_years(born: date, today: date, age: int) -> None:
    assert age_on(born, today) == age


def test_going_back_and_trying_another_date_does_not_help(desk) -> None:
    """Privacy policy, "Children's Privacy": no oracle to retry; still nothing is stored."""
    before = desk.rows()
    for born in (date(2020, 5, 5), date(1990, 5, 5)):
        with pytest.raises(NotOldEnoughError):
            desk.register(birth_date=born)
    assert desk.rows() == before


def test_others_in_the_same_network_are_not_kept_out(desk) -> None:
    with pytest.raises(NotOldEnoughError):
        desk.register("child@example.org", birth_date=date(2020, 5, 5))
    desk.register("parent@example.org")
    assert desk.rows()["accounts"] == 1


def test_the_gate_forgets_after_a_day_and_keeps_neither_dates_nor_addresses(desk, client) -> None:
    gate = AgeGate(desk.clock)
    with pytest.raises(NotOldEnoughError):
        gate.require_old_enough(date(2020, 5, 5), "child@example.org", client)
    assert not any(secret in repr(gate.__dict__) for secret in ("2020", "child", client.ip))
    desk.clock.advance(24 * 3_600)
    gate.require_old_enough(date(1990, 5, 5), "child@example.org", client)


def test_the_memory_of_the_gate_is_bounded(desk) -> None:
    gate = AgeGate(desk.clock)
    for number in range(MOST_REMEMBERED + 10):
        with pytest.raises(NotOldEnoughError):
            gate.require_old_enough(TODAY, str(number), ClientInfo(ip="192.0.2.1"))
    assert len(gate._refused) == MOST_REMEMBERED
