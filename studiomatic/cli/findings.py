"""What ``studio doctor`` finds: one look at one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import StudiomaticError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    fine: bool
    detail: str


def look(subject: str, check: Callable[[], str]) -> Finding:
    """Look at one thing; what is wrong with it, and the remedy, are what the check raises."""
    try:
        return Finding(subject=subject, fine=True, detail=check())
    except StudiomaticError as error:
        return Finding(subject=subject, fine=False, detail=error.message)
    except Exception as error:  # noqa: BLE001  # a doctor that dies of what it finds helps nobody
        return Finding(subject=subject, fine=False, detail=f"{type(error).__name__}: {error}")
