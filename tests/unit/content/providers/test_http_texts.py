"""Keys are taken out of texts; waits are read in every form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.content.providers.http.redaction import redacted
from services.content.providers.http.retry_after import reset_in_s, retry_after_s

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "key",
    [
        "sk-proj-abcDEF123456_-xyz",
        "sk-api-abcdefghijklmnopqrst",
        "sk_" + "0a" * 24,
        "0123456789abcdef0123456789abcdef.Ab3dEf6hIj9kLm2n",
        "0123456789abcdef0123456789abcdef",
        "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
        "sk-pro*************xyz1",
    ],
)
def test_what_looks_like_a_key_is_taken_out(key: str) -> None:
    assert redacted(f"Incorrect key {key} given", "another") == "Incorrect key [key] given"


def test_the_key_itself_is_taken_out_whatever_it_looks_like() -> None:
    assert "hunter2" not in redacted("no such key: hunter2, hunter2", "hunter2")


def test_a_long_text_is_cut() -> None:
    assert len(redacted("rain\n" * 1000, "key!")) == 300


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Wed, 25 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Wed, 25 Nov 2020 12:00:30 GMT"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "250ms"}, 360),
        ({"x-ratelimit-reset-requests": "2s"}, 2),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_waits_are_read_in_every_form(headers: dict[str, str], wait_s: float | None) -> None:
    """RFC 9110 10.2.3."""
    assert retry_after_s(headers, NOW) == wait_s


@pytest.mark.parametrize(
    ("message", "wait_s"),
    [
        ("resets at 2026-11-25T13:00:00Z", 3600),
        ("resets at 2026-11-25T14:00:00+02:00", 0),
        ("your limit will reset at 2026-11-25 21:00:00", 3600),
        ("later", None),
        ("at 2026-13-45 99:99:99", None),
    ],
)
def test_the_time_of_a_reset_is_read_from_its_message(message: str, wait_s: float | None) -> None:
    assert reset_in_s(message, NOW, timezone(timedelta(hours=8))) == wait_s
