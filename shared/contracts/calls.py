"""What the two ends of a remote call agree on, besides the contracts of question and answer.

A call is published to ``studio.rpc`` with the service's name as routing key; ``reply_to`` names the caller's
queue, and the answer's ``causationid`` the call.
"""

from __future__ import annotations

from shared.contracts.attempts import ErrorInfo
from shared.contracts.message import Reply
from shared.contracts.refusals import REFUSALS
from shared.errors import (
    BadMediaError,
    BrokerUnavailableError,
    ConfigurationError,
    ConflictError,
    DatabaseUnavailableError,
    InfrastructureError,
    InvalidInputError,
    InvalidMessageError,
    NotFoundError,
    NotGenuineError,
    RemoteError,
    StorageUnavailableError,
    StudiomaticError,
    TransactionConflictError,
)

TIMEOUT_HEADER = "timeout-ms"
"""How long the caller still waits for the answer [ms], from 1. A span and not a time, because the clocks of two
machines differ. Without it nobody is known to give up."""


class CallFailed(Reply):
    """The call was refused or failed; says why in words that may be shown."""

    type = "bus.call_failed.v1"
    error: ErrorInfo


_COMMON: tuple[type[StudiomaticError], ...] = (
    InvalidInputError,
    InvalidMessageError,
    NotGenuineError,
    NotFoundError,
    ConflictError,
    ConfigurationError,
    BadMediaError,
    InfrastructureError,
    DatabaseUnavailableError,
    TransactionConflictError,
    BrokerUnavailableError,
    StorageUnavailableError,
    *REFUSALS,
)
_COMMON_ERRORS: dict[str, type[StudiomaticError]] = {error.code: error for error in _COMMON}


def error_from(info: ErrorInfo) -> StudiomaticError:
    """The error another service answered, as our own class where it has one, else as ``RemoteError``."""
    common = _COMMON_ERRORS.get(info.code)
    if common is not None:
        return common(info.message)
    return RemoteError(info.code, info.message, retryable=info.retryable)
