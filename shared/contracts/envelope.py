"""The outside of every message: CloudEvents 1.0 in structured JSON, remote calls included.

Source: CloudEvents 1.0.2 specification, JSON event format and distributed tracing extension. Attribute names
are lower case without separators, as the specification demands. Attributes carry no personal data: brokers
log them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.clock import Clock, SystemClock
from shared.contracts.message import Message
from shared.contracts.text import only_storable
from shared.errors import InvalidInputError, InvalidMessageError, UndecodableError, UnknownTypeError
from shared.ids import new_id

CONTENT_TYPE = "application/cloudevents+json"
MAX_BODY_BYTES = 256 * 1024
"""Largest body we send or read [bytes]; media never travel on the bus, so more is a mistake."""

M = TypeVar("M", bound=Message)


class Envelope(BaseModel):
    """One message as it travels. ``data`` is the body, ``type`` says which contract reads it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=64)
    source: str = Field(min_length=1, description="/studiomatic/<service>")
    type: str = Field(pattern=r"^[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$")
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    subject: str | None = None
    traceparent: str | None = None
    accountid: str | None = None
    jobid: str | None = None
    sequence: int | None = Field(default=None, ge=1)
    causationid: str | None = None
    data: dict[str, Any]

    @field_validator("id", "source", "subject", "traceparent", "accountid", "jobid", "causationid")
    @classmethod
    def _is_storable(cls, value: str | None) -> Any:
        return only_storable(value)

    def encode(self) -> bytes:
        """Write the body bytes.

        Raises:
            InvalidMessageError: The body is larger than ``MAX_BODY_BYTES``.
        """
        body = self.model_dump_json(exclude_none=True).encode()
        if len(body) > MAX_BODY_BYTES:
            raise InvalidMessageError(
                f"message {self.type} has {len(body)} bytes, the limit is {MAX_BODY_BYTES};"
                " store large values as objects and send their reference"
            )
        return body


def decode(body: bytes | str) -> Envelope:
    """Read the body bytes of a message.

    Raises:
        UndecodableError: Too large, not JSON, or not one of our envelopes. Names places, never values.
    """
    if len(body) > MAX_BODY_BYTES:
        raise UndecodableError(f"message body has {len(body)} bytes, the limit is {MAX_BODY_BYTES}")
    try:
        return Envelope.model_validate_json(body)
    except ValidationError as error:
        raise UndecodableError(f"not an envelope: {_places(error)}") from None


def read(envelope: Envelope, contract: type[M]) -> M:
    """Read the data of an envelope as ``contract``.

    Raises:
        UnknownTypeError: It is of another type.
        InvalidMessageError: It does not fit.
    """
    if envelope.type != contract.type:
        raise UnknownTypeError(f"expected {contract.type}, got {envelope.type}")
    try:
        return contract.model_validate(envelope.data)
    except ValidationError as error:
        raise InvalidMessageError(f"{envelope.type} {envelope.id} does not fit: {_places(error)}") from None
    except InvalidInputError as error:
        raise InvalidMessageError(f"{envelope.type} {envelope.id} does not fit: {error.message}") from None


def enclose(
    message: Message,
    *,
    source: str,
    account_id: str | None = None,
    job_id: str | None = None,
    sequence: int | None = None,
    subject: str | None = None,
    cause: Envelope | None = None,
    traceparent: str | None = None,
    message_id: str | None = None,
    clock: Clock | None = None,
) -> Envelope:
    """Put a message into a new envelope.

    Args:
        cause: The message that directly caused this one; account, job and trace are taken over from it unless
            given.
    """
    return Envelope(
        id=message_id or new_id(),
        source=source,
        type=message.type,
        time=(clock or SystemClock()).now(),
        subject=subject,
        traceparent=traceparent or (cause.traceparent if cause else None),
        accountid=account_id or (cause.accountid if cause else None),
        jobid=job_id or (cause.jobid if cause else None),
        sequence=sequence,
        causationid=cause.id if cause else None,
        data=message.model_dump(mode="json"),
    )


def _places(error: ValidationError) -> str:
    """Where and why, without the values: they may be personal."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['type']}"
        for problem in error.errors(include_input=False, include_url=False)[:5]
    )
