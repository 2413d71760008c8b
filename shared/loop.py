"""Work that comes back: done when nudged, and at the latest after an interval."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from shared.errors import InfrastructureError

log = structlog.get_logger(__name__)


class Loop:
    """Repeats one action in a thread of its own (green where threading is patched).

    Args:
        action: Done again at once when it answers a number above 0: there was work, and there may be more.
        interval_s: Longest pause; nudges that were lost cost no more than this.
    """

    def __init__(self, name: str, action: Callable[[], int], *, interval_s: float) -> None:
        self._name = name
        self._action = action
        self._interval_s = interval_s
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; ends with ``stop``."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the action that runs, and end."""
        self._stopping.set()
        self._nudged.set()
        if self._thread is not None:
            self._thread.join()

    def nudge(self) -> None:
        """There may be work."""
        self._nudged.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._nudged.clear()
            if not self._act():
                self._nudged.wait(self._interval_s)

    def _act(self) -> int:
        try:
            return self._action()
        except InfrastructureError as error:
            log.warning("loop_interrupted", loop=self._name, code=error.code, error=str(error))
            return 0
        except Exception:
            log.exception("loop_failed", loop=self._name)  # a bug; the next round may meet other data
            return 0
