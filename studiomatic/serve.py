"""The runtime of embedded mode: all services in one green process, one for each data folder.

Run as ``python -m studiomatic.serve``; ``studio serve`` and ``studio render`` start it. Importing this module
makes the process green, so nothing else imports it.
"""

from __future__ import annotations

from shared.bus.green import patch

patch()

import argparse
import sys
import tempfile
import time

from services.auth.service import AuthService
from services.content.service import ContentService
from services.gdpr.service import GdprService
from services.keyvault.service import KeyvaultService
from services.orchestrator.dependencies import SERVICE as ORCHESTRATOR
from services.orchestrator.service import OrchestratorService
from services.orchestrator.store import JobStore
from services.renderer.service import RendererService
from shared.bus.run import run
from shared.clock import SystemClock
from shared.config import Settings, load_settings
from shared.db import open_service_database
from shared.errors import StudiomaticError
from shared.logging import configure_logging
from studiomatic.data_folder import DataFolder
from studiomatic.folder_keys import folder_keys

SERVICES = (OrchestratorService, ContentService, RendererService, AuthService, KeyvaultService, GdprService)

IDLE_S = 2.0
"""Jobs must have been absent this long before an idle runtime ends."""

_CHECK_S = 0.5


class IdleWatch:
    """Tells when no job has been under way for a while."""

    def __init__(self, settings: Settings) -> None:
        self._store = JobStore(open_service_database(settings, ORCHESTRATOR), SystemClock())
        self._checked_at = 0.0
        self._busy_at = time.monotonic()

    def is_idle(self) -> bool:
        """Whether the runtime may end; cheap enough to be asked all the time."""
        now = time.monotonic()
        if now - self._checked_at >= _CHECK_S:
            self._checked_at = now
            with self._store.reading() as unit:
                if unit.active_job_ids():
                    self._busy_at = now
        return now - self._busy_at >= IDLE_S


def main() -> int:
    """Serve the data folder of the settings until told to stop, or until nothing is left to do."""
    parser = argparse.ArgumentParser(prog="studio serve", description=main.__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end when no job is under way")
    arguments = parser.parse_args()
    try:
        settings = load_settings()
        configure_logging(settings.log_format, settings.log_level, service="studio")
        folder = DataFolder(settings.data_dir)
        with folder.serving():
            tempfile.tempdir = str(folder.renewed_work_folder())
            watch = IdleWatch(settings) if arguments.until_idle else None
            run(SERVICES, settings, keys=folder_keys(folder.path), until=watch.is_idle if watch else None)
    except StudiomaticError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
