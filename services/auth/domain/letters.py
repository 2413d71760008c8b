"""Which letters there are, what each may say, and in which languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from services.auth.domain.records import LinkPurpose, Template

LANGUAGES = ("en", "de", "es", "fr", "hi", "pt")
"""Every letter is there in each of them; who reads none of them gets English."""

LINK_LIVES: Mapping[LinkPurpose, timedelta] = {
    LinkPurpose.CONFIRM_ADDRESS: timedelta(hours=24),
    LinkPurpose.CONFIRM_NEW_ADDRESS: timedelta(hours=24),
    LinkPurpose.REVERT_ADDRESS_CHANGE: timedelta(hours=72),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=1),
    LinkPurpose.CANCEL_FACTOR_REMOVAL: timedelta(hours=72),
}

_FROM_WHERE = frozenset({"browser", "ip"})

VALUES: Mapping[Template, frozenset[str]] = {
    Template.CONFIRM_ADDRESS: frozenset(),
    Template.ADDRESS_ALREADY_REGISTERED: frozenset(),
    Template.CONFIRM_NEW_ADDRESS: frozenset(),
    Template.ADDRESS_CHANGE_REQUESTED: _FROM_WHERE | {"new_email"},
    Template.RESET_PASSWORD: _FROM_WHERE,
    Template.PASSWORD_CHANGED: _FROM_WHERE,
    Template.NEW_DEVICE: _FROM_WHERE,
    Template.MANY_FAILURES: _FROM_WHERE,
    Template.FACTOR_ADDED: _FROM_WHERE | {"factor"},
    Template.FACTOR_REMOVED: _FROM_WHERE | {"factor"},
    Template.RECOVERY_CODE_USED: _FROM_WHERE | {"left"},
    Template.RECOVERY_CODES_RENEWED: _FROM_WHERE,
    Template.FACTOR_REMOVAL_REQUESTED: _FROM_WHERE,
    Template.DELETION_REQUESTED: frozenset(),
    Template.DELETION_CANCELLED: frozenset(),
    Template.ACCOUNT_DISABLED: frozenset(),
    Template.POLICY_CHANGED: frozenset({"policy_version", "effective_on"}),
}
"""What else a letter may mention, all of it optional; when it happened and to whom it goes every letter knows.

``factor`` is ``totp`` or ``webauthn``, ``left`` the number of recovery codes that are left, ``effective_on`` an
ISO date.
"""


def language_of(wanted: str | None) -> str:
    """The language a letter is written in."""
    return wanted if wanted in LANGUAGES else LANGUAGES[0]
