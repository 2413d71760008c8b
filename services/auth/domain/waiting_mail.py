"""A mail on its way out, and when it is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.auth.domain.records import LinkPurpose, Template

LEASE = timedelta(minutes=2)
"""A sender that is silent for so long is gone, and another takes its mail."""
GIVE_UP_AFTER = timedelta(days=3)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class WaitingMail:
    """A mail that one sender has taken.

    Attributes:
        link: What for the mail holds a link; the link itself is made when the mail is sent.
        tries: How often it was taken, this time included.
    """

    mail_id: str
    account_id: str | None
    template: Template
    recipient: str = field(repr=False)
    language: str
    values: Mapping[str, str] = field(repr=False)
    link: LinkPurpose | None
    stored_at: datetime
    tries: int


def pause_after(tries: int) -> timedelta:
    """How long to wait after so many tries: 30 s, 1, 2, 4 … minutes, at most an hour."""
    doublings: int = min(tries - 1, 10)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def is_given_up(mail: WaitingMail, now: datetime) -> bool:
    """Whether it has been tried for long enough: nobody waits for it any more."""
    return now - mail.stored_at >= GIVE_UP_AFTER
