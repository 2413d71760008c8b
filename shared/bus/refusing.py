"""Notes a message that goes to the dead letters: counted by queue and reason, and logged."""

from __future__ import annotations

from enum import StrEnum

import structlog

from shared.errors import InvalidMessageError, NotGenuineError, UndecodableError, UnknownTypeError
from shared.metrics import DELIVERIES_CRASHED, MESSAGES_SET_ASIDE

log = structlog.get_logger(__name__)


class Refusal(StrEnum):
    """Why a message can never be handled."""

    UNDECODABLE = "undecodable"  # its body is no envelope, or too large
    UNKNOWN_TYPE = "unknown_type"  # nobody on this queue knows its type
    NOT_GENUINE = "not_genuine"  # it is not signed by who must have sent it, altered, replayed, or sent elsewhere
    DOES_NOT_FIT = "does_not_fit"  # its fields are not those of its contract, or name nobody to work for
    DELIVERY_LIMIT = "delivery_limit"  # handling it crashed as often as the queue allows
    CRASHED = "crashed"  # it broke the code that was to refuse or repeat it


def note_refused(queue: str, error: InvalidMessageError) -> None:
    """A message was set aside because nobody can read it."""
    reason = _reason(error)
    MESSAGES_SET_ASIDE.labels(queue, reason).inc()
    log.warning("message_dead_lettered", queue=queue, reason=reason.value, error=str(error))


def note_crashed(queue: str, delivery_count: int, delivery_limit: int | None) -> None:
    """Handling a message raised an unexpected error, and it is given back.

    Args:
        delivery_count: How often it was delivered before.
        delivery_limit: When that is reached the broker does not deliver it again but sets it aside.
    """
    DELIVERIES_CRASHED.labels(queue).inc()
    if delivery_limit is not None and delivery_count >= delivery_limit:
        note_given_up(queue, Refusal.DELIVERY_LIMIT)


def note_given_up(queue: str, reason: Refusal) -> None:
    """A message was set aside because handling it crashed."""
    MESSAGES_SET_ASIDE.labels(queue, reason).inc()
    log.error("message_dead_lettered", queue=queue, reason=reason.value)


def _reason(error: InvalidMessageError) -> Refusal:
    match error:
        case UndecodableError():
            return Refusal.UNDECODABLE
        case UnknownTypeError():
            return Refusal.UNKNOWN_TYPE
        case NotGenuineError():
            return Refusal.NOT_GENUINE
        case _:
            return Refusal.DOES_NOT_FIT
