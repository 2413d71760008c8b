"""What tickets, job tokens and grants say. They are signed texts (`shared.grants`) that travel inside messages.

Two links: auth signs a job token when a person starts a job in a live session; the orchestrator narrows it to one
worker, one purpose and a quarter of an hour. Neither signature alone opens anything.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from shared.contracts.factors import Purpose
from shared.contracts.message import Value

TICKET_LIFE_S = 300
JOB_TOKEN_LIFE_S = 24 * 60 * 60
GRANT_LIFE_S = 15 * 60
CLOCK_SKEW_S = 60


class Ticket(Value):
    """Auth says: this person, in this session, authenticated just now and may do this."""

    ticket_id: str
    account_id: str
    session_id: str
    audience: str = Field(description="The one service that may accept it")
    purpose: Purpose
    issued_at: datetime
    expires_at: datetime


class JobToken(Value):
    """Auth says: this person started this job and lets it use his keys of these providers."""

    token_id: str
    account_id: str
    session_id: str
    job_id: str
    providers: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime


class Grant(Value):
    """The orchestrator says: this worker may have keys delivered for this job so many times."""

    grant_id: str
    job_token: str = Field(description="The signed job token that this narrows")
    actor: str = Field(description="The service that may use it")
    audience: str
    purpose: str = Field(description="Kind of the task")
    providers: tuple[str, ...] = Field(min_length=1)
    max_uses: int = Field(ge=1, le=1_000)
    issued_at: datetime
    expires_at: datetime
