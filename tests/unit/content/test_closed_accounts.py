"""No project is made in the name of an account that is unconfirmed, disabled, or waiting for its deletion."""

from __future__ import annotations

import pytest

from services.content.handlers.accounts import Accounts
from shared.clock import FixedClock
from shared.contracts.accounts import (
    AccountConfirmed,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountDisabled,
    AccountEnabled,
    AccountFact,
    AccountPurged,
    AccountRegistered,
    AccountUpdated,
)
from shared.contracts.envelope import enclose
from shared.contracts.refusals import NotPermittedError
from shared.errors import UnknownTypeError

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
OTHER = "01a20e67-f96c-7495-a999-000000000002"


@pytest.fixture
def hear(desk):
    """Take in a fact that happened so many seconds after the first one."""
    accounts = Accounts(desk.store)

    def heard(kind: type[AccountFact], at_s: float = 0, account_id: str = ACCOUNT, **more: object) -> None:
        clock = FixedClock()
        clock.advance(at_s)
        accounts.hear(enclose(kind(account_id=account_id, **more), source="/studiomatic/auth", clock=clock))

    return heard


def may_create(desk, account_id: str = ACCOUNT) -> bool:
    try:
        desk.projects.create(account_id, desk.draft(slides=1))
    except NotPermittedError:
        return False
    return True


def requested(hear, at_s: float) -> None:
    hear(AccountDeletionRequested, at_s, requested_at=FixedClock().now())


def test_an_unconfirmed_account_cannot_create_projects_until_its_address_is_confirmed(desk, hear) -> None:
    """Privacy policy, "Data Retention": it is purged after seven days, so nothing may hang on it."""
    hear(AccountRegistered)
    with pytest.raises(NotPermittedError, match="follow the link"):
        desk.projects.create(ACCOUNT, desk.draft(slides=1))
    assert desk.projects.list(ACCOUNT).projects == ()
    hear(AccountConfirmed, 60)
    assert may_create(desk)


def test_facts_that_come_late_twice_or_in_another_order_change_nothing_of_it(desk, hear) -> None:
    hear(AccountConfirmed, 60)
    hear(AccountRegistered)
    hear(AccountRegistered, 90)  # by a clock that is fast
    assert may_create(desk)
    hear(AccountEnabled, 200)
    hear(AccountDisabled, 100)
    assert may_create(desk)


def test_a_purged_account_makes_nothing_ever_again(desk, hear) -> None:
    hear(AccountRegistered)
    hear(AccountPurged, 700_000)
    assert not may_create(desk)


def test_a_disabled_account_and_one_in_deletion_make_and_change_nothing(desk, hear) -> None:
    """ASVS 5.0 7.4.2."""
    project = desk.projects.create(ACCOUNT, desk.draft(slides=1))
    hear(AccountDisabled, 1)
    requested(hear, 2)
    with pytest.raises(NotPermittedError):
        desk.projects.revise(ACCOUNT, project.project_id, desk.draft(slides=2))
    hear(AccountEnabled, 3)
    assert not may_create(desk)  # one reason is left
    hear(AccountDeletionCancelled, 4)
    assert may_create(desk)


def test_an_account_is_never_closed_for_what_another_did(desk, hear) -> None:
    hear(AccountDisabled, account_id=OTHER)
    assert may_create(desk)
    assert not may_create(desk, OTHER)


def test_a_fact_that_content_does_not_listen_to_is_set_aside(hear) -> None:
    with pytest.raises(UnknownTypeError):
        hear(AccountUpdated, changed=("name",))
