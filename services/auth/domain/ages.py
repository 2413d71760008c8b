"""The age gate: accounts are for people of at least 13 years (privacy policy, "Children's Privacy")."""

from __future__ import annotations

from datetime import date

from shared.contracts.refusals import NotOldEnoughError
from shared.errors import InvalidInputError

LEAST_AGE_YEARS = 13
OLDEST_AGE_YEARS = 130
"""Whoever is older has mistyped the year."""


def require_old_enough(birth_date: date, today: date) -> None:
    """Check a date of birth, which is kept nowhere.

    Who was born on 29 February is a year older on 1 March of other years.

    Raises:
        NotOldEnoughError: The person is younger than 13 years.
        InvalidInputError: Nobody was born on that day.
    """
    if birth_date > today:
        raise InvalidInputError("birth_date is in the future")
    age = age_on(birth_date, today)
    if age > OLDEST_AGE_YEARS:
        raise InvalidInputError(f"birth_date is more than {OLDEST_AGE_YEARS} years ago")
    if age < LEAST_AGE_YEARS:
        raise NotOldEnoughError()


def age_on(birth_date: date, today: date) -> int:
    """Full years of somebody on a day."""
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)
