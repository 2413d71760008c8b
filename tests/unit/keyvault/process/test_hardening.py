"""What the process does for itself, seen from the kernel's side; in a child, so that the tests stay as they are."""

from __future__ import annotations

import os
import subprocess
import sys

SHOW = """
import ctypes, resource
from services.keyvault.hardening import harden
harden()
libc = ctypes.CDLL(None)
print("core", resource.getrlimit(resource.RLIMIT_CORE))
print("dumpable", libc.prctl(3, 0, 0, 0, 0))
print("locked", next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmLck")))
"""


def test_no_core_file_no_debugger_no_swap() -> None:
    """RLIMIT_CORE, PR_SET_DUMPABLE and mlockall, as far as this machine allows."""
    done = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, check=True, timeout=60)
    assert "core (0, 0)" in done.stdout
    assert "dumpable 0" in done.stdout
    locked_kib = int(done.stdout.split("locked ")[1])
    assert locked_kib > 0 or "memory_not_locked" in done.stdout
    if os.geteuid() == 0 and _may_lock():
        assert locked_kib > 0


def _may_lock() -> bool:
    """Whether this container lets root lock memory."""
    probe = "import ctypes; raise SystemExit(ctypes.CDLL(None).mlockall(7) != 0)"
    return subprocess.run([sys.executable, "-c", probe], check=False, timeout=60).returncode == 0
