"""Locks the media child in, from inside, with what an unprivileged Linux process may do to itself.

Three steps: :func:`bound` before the decoders are loaded, :func:`isolate` and :func:`seal` after, when no file
needs to be opened any more and only the first bytes of the outside file have been looked at. A barrier that this
kernel or container does not allow is left out and not reported; those that carry the promise alone (rlimits, no
new descriptors) exist everywhere.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from enum import StrEnum

from shared.media.limits import MediaLimits

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CAPABILITY_VERSION_3 = 0x20080522

# Numbers shared by all architectures (asm-generic, Linux 5.13 and later).
_SYS_LANDLOCK_CREATE_RULESET = 444
_SYS_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
# ABI version → how many access bits it knows (linux/landlock.h): files; files with refer; with truncate; with
# device ioctl. TCP bind and connect came with 4, scopes (abstract sockets, signals) with 6.
_LANDLOCK_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}

_libc = ctypes.CDLL(None, use_errno=True)


class Barrier(StrEnum):
    """Something the child cannot do any more."""

    LIMITS = "rlimits"  # use more memory, CPU time or disk than allowed; leave a core file
    DIES_WITH_PARENT = "dies_with_parent"  # outlive the thread that started it
    NO_NEW_PRIVILEGES = "no_new_privileges"  # gain rights through a setuid program
    NO_NETWORK = "network_namespace"  # see any network interface, not even loopback
    NO_CAPABILITIES = "no_capabilities"  # act as root
    NO_PATHS = "landlock"  # open, create, remove or execute anything by its path
    NO_DESCRIPTORS = "no_new_descriptors"  # open a file or a socket at all


class _LandlockRuleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def bound(limits: MediaLimits) -> list[Barrier]:
    """Limit memory, time and disk; first of all, so that it holds for loading the decoders too."""
    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.output_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),  # the kernel exempts root
    ):
        resource.setrlimit(what, (most, most))
    # The soft limit kills with a signal that says why; the hard one is for who ignores it.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    return [Barrier.LIMITS]


def isolate(parent: int) -> list[Barrier]:
    """Give up every privilege and the network, and tie this process to its starter.

    Comes after the decoders are loaded, because root without its capabilities may not be able to read them in
    another user's home. The process must still have one thread: a user namespace cannot be entered with more.

    Args:
        parent: Process id of the starter. When it has already gone, nobody waits for us and we end here.
    """
    barriers = []
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        barriers.append(Barrier.NO_NEW_PRIVILEGES)
    if _leave_network():
        barriers.append(Barrier.NO_NETWORK)
    if _drop_capabilities():
        barriers.append(Barrier.NO_CAPABILITIES)
    # Last, because a change of credentials may reset it (prctl(2)).
    if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0:
        barriers.append(Barrier.DIES_WITH_PARENT)
    if os.getppid() != parent:
        os._exit(1)
    return barriers


def seal() -> list[Barrier]:
    """Forbid every further file and socket; descriptors that are open stay usable."""
    barriers = [Barrier.NO_PATHS] if _forbid_paths() else []
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return [*barriers, Barrier.NO_DESCRIPTORS]


def _leave_network() -> bool:
    """Move to an empty network namespace; without root that needs a user namespace as well."""
    return any(_libc.unshare(flags) == 0 for flags in (_CLONE_NEWUSER | _CLONE_NEWNET, _CLONE_NEWNET))


def _drop_capabilities() -> bool:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    return bool(_libc.capset(header, nothing) == 0)


def _forbid_paths() -> bool:
    abi = _libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_CREATE_RULESET_VERSION)
    if abi < 1:
        return False
    rules = _LandlockRuleset(
        handled_access_fs=(1 << _LANDLOCK_FILE_BITS[min(abi, 5)]) - 1,
        handled_access_net=0b11 if abi >= 4 else 0,
        scoped=0b11 if abi >= 6 else 0,
    )
    known_bytes = 24 if abi >= 6 else 16 if abi >= 4 else 8
    ruleset = _libc.syscall(_SYS_LANDLOCK_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(known_bytes), 0)
    if ruleset < 0:
        return False
    try:
        return bool(_libc.syscall(_SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)
