"""Keep one program alive no longer than its owner; a script of its own, standard library only.

Usage: ``guard.py --log FILE --stop-signal NAME --grace SECONDS [--user NAME] -- PROGRAM ARGUMENT...``

The guard runs the program as its child, writes the child's pid to its standard output and then waits: for the
child to end, or for its own standard input to close. The owner holds the other end of that pipe, so it closes on
a tidy end, on Ctrl-C, on SIGTERM and on SIGKILL alike. The guard is a child subreaper (prctl(2)): daemons that
the program leaves behind, such as Erlang's epmd, become its children, and it does not end before the last of them.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_prctl = ctypes.CDLL(None, use_errno=True).prctl


def descendants(root: int) -> list[int]:
    """List the pids below a process, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found[1:]


def signal_each(pids: list[int], number: int) -> None:
    """Send a signal to those of the processes that still exist."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def living(pids: list[int]) -> list[int]:
    """Those of the processes that exist; one that has ended and is not yet collected does not count."""
    return [pid for pid in pids if _parent(Path(f"/proc/{pid}")) is not None]


def _parent(entry: Path) -> int | None:
    try:
        stat = (entry / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name in brackets may itself hold spaces and brackets: proc(5).
    state, parent, *_ = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(parent)


def _main() -> NoReturn:
    options = _parse(sys.argv[1:])
    wake = _wake_on_signals()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = _start(options).pid
    os.write(1, f"{child}\n".encode())
    os.close(1)
    status = _wait_for_end(child, wake)
    if status is None:
        signal_each([child], signal.Signals[options.stop_signal])
        signal_each([child], signal.SIGCONT)
        status = _wait_for_child(child, wake, options.grace)
    _end_the_rest()
    sys.exit(0 if status is None else abs(os.waitstatus_to_exitcode(status)))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="guard.py")
    parser.add_argument("--log", required=True)
    parser.add_argument("--stop-signal", required=True)
    parser.add_argument("--grace", type=float, required=True)
    parser.add_argument("--user")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _wake_on_signals() -> int:
    """Make SIGCHLD, and the signals that ask the guard to end, readable from the returned descriptor."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # A handler, not SIG_IGN: an ignored signal would stay ignored in the child.
        signal.signal(number, lambda *_: None)
    return reader


def _start(options: argparse.Namespace) -> subprocess.Popen[bytes]:
    account = _account(options.user) if options.user else {}
    with Path(options.log).open("ab") as log:
        return subprocess.Popen(
            options.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_the_guard,  # safe: the guard has one thread
            **account,
        )


def _account(name: str) -> dict[str, Any]:
    return {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}


def _die_with_the_guard() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _wait_for_end(child: int, wake: int) -> int | None:
    """Return the child's exit status, or None when the guard is told to end it."""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if 0 in ready and not os.read(0, 1024):
            return None
        if wake in ready:
            received = os.read(wake, 1024)
            if (status := _reap(child)) is not None:
                return status
            if any(number != signal.SIGCHLD for number in received):
                return None


def _wait_for_child(child: int, wake: int, grace_s: float) -> int | None:
    deadline = time.monotonic() + grace_s
    while (status := _reap(child)) is None and (left := deadline - time.monotonic()) > 0:
        if select.select([wake], [], [], left)[0]:
            os.read(wake, 1024)
    return status


def _reap(child: int) -> int | None:
    """Collect every ended process; return the status of the child if it was among them."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            found = status


def _end_the_rest() -> None:
    while True:
        signal_each(descendants(os.getpid()), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


if __name__ == "__main__":
    _main()
