"""Facts that workers publish about one execution of one attempt; only the orchestrator needs them.

Every execution, also a second one of the same attempt after a lost connection, has its own ``execution_id``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from shared.contracts.message import Fact, Value
from shared.text import made_storable


def _told(words: object) -> object:
    """What a failed program wrote must not keep its failure from being told."""
    return made_storable(words) if isinstance(words, str) else words


class ErrorInfo(Value):
    """An error as it crosses a boundary: code, words and whether another try may help; never a traceback."""

    code: str
    message: Annotated[str, BeforeValidator(_told)]
    retryable: bool = False
    provider: str | None = None


class AttemptFact(Fact):
    """What every fact of an attempt names."""

    task_id: str
    attempt: int = Field(ge=1)
    execution_id: str
    worker: str = Field(description="Which process works, e.g. renderer@host:1234")


class AttemptStarted(AttemptFact):
    """A worker began; the lease starts now."""

    type = "attempt.started.v1"


class AttemptProgressed(AttemptFact):
    """Still at work; renews the lease. Sent at most once in 5 s, and may be lost."""

    type = "attempt.progressed.v1"
    done: int = Field(ge=0)
    total: int = Field(ge=1)


class AttemptDeferred(AttemptFact):
    """Not now: the same attempt may be dispatched again after ``until``."""

    type = "attempt.deferred.v1"
    until: datetime
    limit_key: str
    reason: str


class AttemptSucceeded(AttemptFact):
    """The work is done and stored; ``result`` is the JSON of the command's result class."""

    type = "attempt.succeeded.v1"
    result: dict[str, Any]
    duration_ms: int = Field(ge=0)


class AttemptFailed(AttemptFact):
    """The worker could not do it."""

    type = "attempt.failed.v1"
    error: ErrorInfo
    duration_ms: int = Field(ge=0)


ATTEMPT_FACTS: tuple[type[AttemptFact], ...] = (
    AttemptStarted,
    AttemptProgressed,
    AttemptDeferred,
    AttemptSucceeded,
    AttemptFailed,
)
