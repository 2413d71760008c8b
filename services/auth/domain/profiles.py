"""What people say about themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from services.auth.domain.countries import require_country
from services.auth.domain.texts import line_of

CLEARABLE = ("company", "country", "language")
"""Fields that may be empty."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Name and the three fields that may be empty; only checked ones are kept."""

    name: str
    company: str | None
    country: str | None
    language: str | None

    @classmethod
    def checked(cls, *, name: str, company: str | None, country: str | None, language: str | None) -> Self:
        """A profile as it is kept.

        Raises:
            InvalidInputError: A field cannot be kept; names it.
        """
        if country is not None:
            require_country(country)
        return cls(
            name=line_of(name, "name"),
            company=line_of(company, "company") if company is not None else None,
            country=country,
            language=language,
        )

    def changed_from(self, other: Profile) -> dict[str, Any]:
        """The fields that differ, with their new values."""
        before = asdict(other)
        return {field: value for field, value in asdict(self).items() if before[field] != value}
