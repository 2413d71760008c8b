"""Make it harder to read keys out of this process: no core files, no debugger, nothing swapped out.

What code cannot do for itself is the deployment's: a user of its own, a read-only file system, and no network but
database and broker.
"""

from __future__ import annotations

import ctypes
import os
import resource

import structlog

_PR_SET_DUMPABLE = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""With ``_MCL_ONFAULT`` only memory that is used is locked, not every library that is mapped."""

_log = structlog.get_logger(__name__)


def harden() -> None:
    """Apply to this process all that it is allowed to.

    Core files are off, and processes of the same user cannot attach or read its memory (prctl(2),
    PR_SET_DUMPABLE). Memory is locked where the limit on locked memory lets it grow (mlockall(2)); else a warning
    says so, and swap should be off or encrypted.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _log.warning("process_dumpable", errno=ctypes.get_errno())
    if not _may_lock_all() or libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        _log.warning("memory_not_locked", remedy="raise the limit on locked memory, or turn swap off")


def _may_lock_all() -> bool:
    """A finite limit would let an allocation fail later, in the middle of something."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return soft == resource.RLIM_INFINITY or os.geteuid() == 0
