"""Usage data: exactly what the privacy policy lists, and for a while."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from services.auth.domain.usage import USAGE_KEPT
from services.auth.store.usage import UsageRows
from services.auth.tables import USAGE_EVENTS
from shared.contracts.accounts import ClientInfo, RecordUsage
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobStarted
from shared.contracts.refusals import SessionInvalidError
from shared.errors import InvalidInputError

ROOT = Path(__file__).parents[4]


def rows(desk) -> list[dict]:
    with desk.database.reading() as connection:
        return [dict(row) for row in connection.execute(select(USAGE_EVENTS)).mappings()]


def rendered(account_id: str):
    """A fact of the orchestrator; only its envelope is looked at."""
    return enclose(
        JobStarted(job_id="j", project_id="p"), source="/studiomatic/orchestrator", account_id=account_id
    )


def test_usage_events_have_exactly_the_columns_of_the_policy(desk) -> None:
    """S10: IP address, browser type, pages visited, videos rendered, timestamps; and whose they are."""
    assert {column.name for column in USAGE_EVENTS.columns} == {
        "event_id",
        "account_id",
        "kind",
        "ip",
        "browser",
        "page",
        "occurred_at",
    }


def test_an_opened_page_is_noted_with_the_family_of_the_browser_only(desk) -> None:
    """S10."""
    account = desk.person()
    client = ClientInfo(ip="192.0.2.7", user_agent="Mozilla/5.0 Firefox/140.0 CANARY")
    desk.ask(RecordUsage(session=desk.log_in().token, page="/projects", client=client))
    (row,) = rows(desk)
    assert row.pop("event_id")
    assert row == {
        "account_id": account.account_id,
        "kind": "page_opened",
        "ip": "192.0.2.7",
        "browser": "Firefox",
        "page": "/projects",
        "occurred_at": desk.clock.now(),
    }


@pytest.mark.parametrize(
    "page", ["/projects?token=secret", "/reset#secret", "https://example.org/", "projects", ""]
)
def test_a_page_has_no_query_and_no_fragment(page: str, client) -> None:
    """S10; ASVS 5.0 14.2.1: secrets in addresses do not get here."""
    with pytest.raises(InvalidInputError):
        RecordUsage(session="x" * 43, page=page, client=client)


def test_usage_of_nobody_is_not_noted(desk, client) -> None:
    with pytest.raises(SessionInvalidError):
        desk.ask(RecordUsage(session="x" * 43, page="/", client=client))
    assert rows(desk) == []


def test_a_rendered_video_is_noted_once_however_often_it_is_heard(desk) -> None:
    """S10."""
    account = desk.person()
    heard = rendered(account.account_id)
    for _ in range(3):
        desk.auth.usage.note_render(heard)
    (row,) = rows(desk)
    assert (row["kind"], row["account_id"], row["ip"], row["browser"], row["page"]) == (
        "video_rendered",
        account.account_id,
        None,
        None,
        None,
    )


def test_a_video_of_an_account_that_is_gone_is_not_noted(desk) -> None:
    """S37: nothing comes back after it was deleted."""
    desk.auth.usage.note_render(rendered("01a20e67-f96c-7495-a999-000000000009"))
    assert rows(desk) == []


def test_usage_is_deleted_after_its_time(desk, client) -> None:
    """S10, S42."""
    desk.person()
    desk.ask(RecordUsage(session=desk.log_in().token, page="/", client=client))
    desk.clock.advance(USAGE_KEPT.total_seconds() - 1)
    desk.auth.sweeping.sweep()
    assert len(rows(desk)) == 1
    desk.clock.advance(2)
    desk.auth.sweeping.sweep()
    assert rows(desk) == []


def test_nothing_but_its_own_file_touches_the_table() -> None:
    """S11: no statistics, no advertising, no join to anything else."""
    naming = {
        str(file.relative_to(ROOT))
        for folder in ("services", "studiomatic", "shared")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"\bUSAGE_EVENTS\b|\busage_events\b", file.read_text())
    }
    assert naming == {
        "services/auth/tables.py",
        "services/auth/store/usage.py",
        "services/auth/migrations/0001_first_tables.py",
    }
    assert {name for name in vars(UsageRows) if not name.startswith("_")} == {"add", "forget_old"}
