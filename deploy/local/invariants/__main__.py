"""``python -m deploy.local.invariants``: tell an administrator whether a farm at rest is sound.

Reads ``STUDIO_DATABASE_URL`` and ``STUDIO_BUS_URL``, both of an administrator, and the ``STUDIO_S3_*`` group.
Prints every violation and ends with status 1 if there is any; run it again before you worry, for work may be under
way.
"""

from __future__ import annotations

import sys

from deploy.local.invariants.checker import FarmChecker
from shared.config import load_settings
from shared.errors import ConfigurationError, StudiomaticError
from shared.storage.configured import open_configured_store


def main() -> int:
    """Check the farm of the settings; returns the exit status."""
    try:
        violations = _violations()
    except StudiomaticError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201
        return 2
    for violation in violations:
        print(violation)  # noqa: T201 - the answer
    print(f"{len(violations)} violations" if violations else "the farm is sound")  # noqa: T201 - the answer
    return 1 if violations else 0


def _violations() -> list[str]:
    settings = load_settings()
    if settings.database_url is None or settings.embedded:
        raise ConfigurationError("set STUDIO_DATABASE_URL and STUDIO_BUS_URL to those of the farm's administrator")
    with FarmChecker(
        database_url=settings.database_url.get_secret_value(),
        bus_url=settings.bus_url.get_secret_value(),
        objects=open_configured_store(settings),
    ) as checker:
        return checker.violations()


if __name__ == "__main__":
    sys.exit(main())
