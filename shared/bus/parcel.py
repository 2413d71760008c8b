"""A message in its exact bytes, with the headers that prove them: what is signed is what is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.contracts.envelope import Envelope


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One message as it goes out."""

    envelope: Envelope
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def plain_parcel(envelope: Envelope) -> Parcel:
    """A message that nothing proves.

    Raises:
        InvalidMessageError: It is too large.
    """
    return Parcel(envelope=envelope, body=envelope.encode())


def source_of(service: str) -> str:
    """How a service names itself in envelopes."""
    return f"/studiomatic/{service}"
