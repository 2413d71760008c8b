"""How long sessions live, and when somebody counts as freshly authenticated."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.auth.domain.records import Session
from shared.contracts.sessions import Assurance

ABSOLUTE: dict[Assurance, timedelta] = {
    Assurance.AAL1: timedelta(days=30),
    Assurance.AAL2: timedelta(hours=24),
}
"""After this a person authenticates again, however busy (NIST SP 800-63B-4 sections 2.1.3 and 2.2.3)."""

IDLE: dict[Assurance, timedelta] = {
    Assurance.AAL1: timedelta(days=14),
    Assurance.AAL2: timedelta(hours=1),
}
"""After this without use (NIST SP 800-63B-4 section 2.2.3 for AAL2; ours for AAL1)."""

FRESH = timedelta(minutes=5)
"""How long a full proof of identity is good for sensitive actions (ASVS 5.0 7.5.1 and 7.5.3)."""

NOTED_EVERY = timedelta(minutes=1)
"""A session's use is written down at most this often; it idles out that much earlier at worst."""

DEVICE_KEPT = timedelta(days=180)
"""A device that was not used for longer is a new one."""


def expires_at(assurance: Assurance, authenticated_at: datetime) -> datetime:
    """When a session ends, however much it is used."""
    return authenticated_at + ABSOLUTE[assurance]


def idle_until(session: Session) -> datetime:
    """When a session ends if it is not used again."""
    return min(session.last_used_at + IDLE[session.assurance], session.expires_at)


def lives(session: Session, now: datetime) -> bool:
    """Whether a session has neither expired nor idled out."""
    return now < idle_until(session)


def fresh_until(session: Session) -> datetime:
    """Until when sensitive actions are possible."""
    return min(session.authenticated_at + FRESH, session.expires_at)
