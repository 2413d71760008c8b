"""Start the runtime of a data folder in the background, if nothing serves the folder yet."""

from __future__ import annotations

import subprocess
import sys
import time

from shared.errors import StudiomaticError
from studiomatic.data_folder import DataFolder

_START_S = 30.0
_POLL_S = 0.05
_LOG_TAIL_CHARACTERS = 800


class RuntimeFailedError(StudiomaticError):
    """The runtime did not start."""

    code = "client.runtime_failed"


def ensure_served(folder: DataFolder, environment: dict[str, str]) -> None:
    """Make sure that something works on the folder's jobs; returns when it holds the folder.

    The runtime is a process of its own: it finishes the jobs also when this process ends, and then ends itself.

    Raises:
        RuntimeFailedError: It ended at once; shows the end of its log.
        StorageFullError: The disk is too full to begin; the job stays stored.
    """
    if folder.is_served():
        return
    folder.require_room()
    with folder.log_file.open("ab") as log:
        runtime = subprocess.Popen(
            [sys.executable, "-P", "-m", "studiomatic.serve", "--until-idle"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_S
    while not folder.is_served():
        if runtime.poll() is not None and not folder.is_served():
            raise RuntimeFailedError(_explanation(folder, "ended at once"))
        if time.monotonic() > deadline:
            raise RuntimeFailedError(_explanation(folder, f"did not start within {_START_S:.0f} s"))
        time.sleep(_POLL_S)


def _explanation(folder: DataFolder, what: str) -> str:
    with folder.log_file.open(errors="replace") as log:
        tail = log.read()[-_LOG_TAIL_CHARACTERS:].strip()
    return f"the runtime {what}; run `studio doctor`. The end of {folder.log_file}:\n{tail}"
