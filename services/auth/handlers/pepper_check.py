"""Refuses to start with a pepper that is not the one that hashes were made with (ASVS 5.0 11.2.2)."""

from __future__ import annotations

import hmac

from services.auth.handlers.password_checks import Peppers
from services.auth.handlers.ports import Store
from shared.errors import ConfigurationError


def require_right_peppers(store: Store, peppers: Peppers) -> None:
    """Compare with what was used here before, and remember what is new.

    Raises:
        ConfigurationError: A version has another key than before, or one that hashes need is missing; names it.
    """
    with store.transaction() as unit:
        for version in peppers.keys:
            unit.passwords.add_pepper_check(version, peppers.check_value(version))
        known = unit.passwords.pepper_checks()
        needed = unit.passwords.pepper_versions_in_use()
        for version in peppers.keys:
            if not hmac.compare_digest(known[version], peppers.check_value(version)):
                raise ConfigurationError(
                    f"version {version} of the pepper is not the one that was used before: bring the old file back"
                )
        if missing := sorted(needed - peppers.keys.keys()):
            raise ConfigurationError(
                f"passwords need version {missing[0]} of the pepper, which is missing: set STUDIO_PEPPER_FILE to"
                " the file that has it"
            )
