"""Versions of the privacy policy, and what it takes to have accepted one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A version of the policy; it never changes.

    Attributes:
        material: Whether people must be told of it.
    """

    policy_version: str
    text: str
    sha256: str
    effective_on: date
    material: bool
    published_at: datetime

    def says_the_same(self, other: Policy) -> bool:
        """Whether it is the same version published again."""
        return (self.sha256, self.effective_on, self.material) == (
            other.sha256,
            other.effective_on,
            other.material,
        )


class HowAccepted(StrEnum):
    """How somebody accepted a version."""

    REGISTRATION = "registration"  # it was shown when the account was opened
    ACKNOWLEDGED = "acknowledged"  # the notice was confirmed


def digest(text: str) -> str:
    """SHA-256 of a policy's text."""
    return hashlib.sha256(text.encode()).hexdigest()
