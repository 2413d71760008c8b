"""The root of all our errors, and the errors of the plumbing in ``shared``.

Names end in ``Error`` and state the fact. Only ``code``, message and ``retryable`` cross a process
boundary; a service adds its own leaves beside the code that raises them.

    StudiomaticError
    ├── InvalidInputError            refused at the door; the sender must change the request
    │   └── InvalidMessageError      a message that no version of a contract can read
    │       ├── UndecodableError     its body is no envelope
    │       ├── UnknownTypeError     it is of a type that nobody here reads
    │       └── NotGenuineError      it is not, or not provably, from whom it must come
    ├── NotFoundError                unknown id, or an id of another account (never told apart)
    ├── ConflictError                the same idempotency key with a different request, or a lost race
    ├── ConfigurationError           settings that cannot work; found at start
    ├── InfrastructureError          database, broker or object store away: retried in place, uses no attempt
    │   ├── DatabaseUnavailableError
    │   │   └── TransactionConflictError   undone in favour of another transaction; repeat it at once
    │   ├── BrokerUnavailableError
    │   └── StorageUnavailableError
    ├── TaskFailedError              a worker's attempt failed; ``retryable`` says if another may succeed
    │   └── BadMediaError            outside media that cannot be used
    ├── TaskDeferredError            not now: carries until when and under which limit
    ├── TaskCancelledError           the job was cancelled while the task ran
    └── RemoteError                  an error answer from another service, rebuilt from its code
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class StudiomaticError(Exception):
    """Root of every error that Studiomatic raises on purpose.

    Args:
        message: What happened and what to do about it; ids are welcome, secrets and personal data are not.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "") -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)


class InvalidInputError(StudiomaticError):
    """The request cannot be accepted as it stands; the message says what to change."""

    code = "invalid_input"


class InvalidMessageError(InvalidInputError):
    """A message body that no contract version can read."""

    code = "invalid_message"


class NotGenuineError(InvalidMessageError):
    """A message without a valid signature of who must have sent it, altered, or not where it was sent to."""

    code = "not_genuine"


class UndecodableError(InvalidMessageError):
    """A message body that is no envelope, or too large to be one."""

    code = "invalid_message.undecodable"


class UnknownTypeError(InvalidMessageError):
    """A message of a type that its receiver does not know."""

    code = "invalid_message.unknown_type"


class NotFoundError(StudiomaticError):
    """There is no such thing in this account."""

    code = "not_found"


class ConflictError(StudiomaticError):
    """The request contradicts what is already stored."""

    code = "conflict"


class ConfigurationError(StudiomaticError):
    """The settings cannot work; the message names the variable and the remedy."""

    code = "configuration"


class InfrastructureError(StudiomaticError):
    """A database, broker or object store is away; the same work may be tried again in place."""

    code = "infrastructure"
    retryable = True


class DatabaseUnavailableError(InfrastructureError):
    """The database does not answer."""

    code = "infrastructure.database"


class TransactionConflictError(DatabaseUnavailableError):
    """The database undid this transaction in favour of another; the same work may be done again at once."""

    code = "infrastructure.database.conflict"


class BrokerUnavailableError(InfrastructureError):
    """The message broker does not answer or did not confirm."""

    code = "infrastructure.broker"


class StorageUnavailableError(InfrastructureError):
    """The object store does not answer."""

    code = "infrastructure.storage"


class TaskFailedError(StudiomaticError):
    """A worker could not perform its task.

    Args:
        message: Cause and remedy, fit to be shown to the user.
        code: Stable dotted code, e.g. ``renderer.disk_full``; the retry policy decides by it.
        retryable: Whether another attempt, perhaps elsewhere, may succeed.
        provider: Name of the provider that refused, if one did.
    """

    code = "task_failed"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        retryable: bool | None = None,
        provider: str | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code  # type: ignore[misc]  # an instance may be more exact than its class
        if retryable is not None:
            self.retryable = retryable  # type: ignore[misc]
        self.provider = provider


class BadMediaError(TaskFailedError):
    """Outside media that is damaged, too large or not what it claims to be."""

    code = "bad_media"


class TaskDeferredError(StudiomaticError):
    """The task cannot run now and must not be tried before a given time; uses no attempt.

    Args:
        message: Why, fit to be shown to the user.
        until: Earliest time (UTC) of the next try.
        limit_key: Name of the limit that was hit; no task with the same key is dispatched before ``until``.
    """

    code = "task_deferred"

    def __init__(self, message: str, *, until: datetime, limit_key: str) -> None:
        super().__init__(message)
        self.until = until
        self.limit_key = limit_key


class TaskCancelledError(StudiomaticError):
    """The job was cancelled while this task ran."""

    code = "task_cancelled"


class RemoteError(StudiomaticError):
    """An error answer from another service.

    Args:
        code: The code the other service raised.
        message: Its message.
        retryable: Whether the same request may succeed later.
    """

    code = "remote"

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code  # type: ignore[misc]
        self.retryable = retryable  # type: ignore[misc]
