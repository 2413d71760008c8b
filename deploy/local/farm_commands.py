"""``python -m deploy.local farm up | down | demo``: the farm of a checkout, for a person at a terminal."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deploy.local import guard
from deploy.local.errors import FarmError
from deploy.local.farm_home import FarmHome, FarmState
from deploy.local.farm_supervisor import READY

_ROOT = Path(__file__).parents[2]
#: Services get their grace of 25 s, then the servers are ended.
_STOP_S = 120.0
#: Guards end what they guard at once when its owner was killed.
_ABANDONED_S = 60.0
_POLL_S = 0.1
_LOG_TAIL_LINES = 20


def add_commands(parser: argparse.ArgumentParser, default_folder: Path) -> None:
    """Describe the commands; the chosen one is ``arguments.farm_command``, to be given to `run_command`."""
    commands = parser.add_subparsers(dest="farm_command", required=True)
    for name, explanation in {
        "up": "start servers and services, detached from the terminal; returns when all take messages",
        "down": "stop exactly what was started",
        "demo": "render the bundled sample through the running farm",
    }.items():
        command = commands.add_parser(name, help=explanation)
        command.add_argument("--folder", type=Path, default=default_folder, help="of the farm (%(default)s)")


def run_command(arguments: argparse.Namespace) -> int:
    """Perform the chosen command.

    Raises:
        FarmError: It cannot be done; the message says why and what to do.
    """
    home = FarmHome(arguments.folder)
    commands: dict[str, Callable[[FarmHome], None]] = {"up": up, "down": down, "demo": demo}
    commands[arguments.farm_command](home)
    return 0


def up(home: FarmHome) -> None:
    """Start the farm, unless it runs, and show how to use it."""
    with home.changing():
        running = _running(home)
        if running is None:
            _wait_for_guards(home)
            _start_supervisor(home)
        _show(home, _running(home), "The farm runs." if running is None else "The farm already runs.")


def down(home: FarmHome) -> None:
    """Stop the farm and make sure that nothing of it is left."""
    with home.changing():
        state = _running(home)
        if state is not None:
            _stop(home, state)
        elif home.state() is not None or home.is_occupied():
            _wait_for_guards(home)
            _say("The farm's supervisor had been killed; its services and servers have ended, too.")
        else:
            _say("No farm runs.")
        home.forget()


def demo(home: FarmHome) -> None:
    """Become ``studio demo`` with the farm's settings."""
    if _running(home) is None:
        raise FarmError("No farm runs here. Start one first: make farm")
    others = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    program = str(Path(sys.executable).with_name("studio"))
    os.execve(program, [program, "demo"], {**others, **home.settings()})  # noqa: S606 - no shell is wanted


def _running(home: FarmHome) -> FarmState | None:
    return home.state() if home.is_supervised() else None


def _start_supervisor(home: FarmHome) -> None:
    _say("Starting RabbitMQ, PostgreSQL, radosgw, and on them the services …")
    with home.log_file.open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "deploy.local.farm_supervisor", str(home.path)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # Ctrl-C and a closed terminal are not for the farm.
            start_new_session=True,
        )
    try:
        _wait_until_ready(home, supervisor)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait()
        raise


def _wait_until_ready(home: FarmHome, supervisor: subprocess.Popen[bytes]) -> None:
    assert supervisor.stdout is not None  # noqa: S101 - opened as a pipe above
    with supervisor.stdout as report:
        answer = report.readline().decode().strip()
    if answer != READY:
        supervisor.wait()
        tail = home.log_file.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        raise FarmError("\n    ".join([f"The farm did not start. The end of {home.log_file}:", *tail]))


def _stop(home: FarmHome, state: FarmState) -> None:
    members = [state.supervisor, *guard.descendants(state.supervisor)]
    os.kill(state.supervisor, signal.SIGTERM)
    if not _becomes_true(lambda: not home.is_occupied(), _STOP_S):
        _kill_supervisor(home, state)
    if not _becomes_true(lambda: not guard.living(members), _ABANDONED_S):
        alive = guard.living(members)
        raise FarmError(f"These processes of the farm have not ended: {alive}. Look at {home.log_file}")
    services = ", ".join(f"{name} ({pid})" for name, pid in state.services.items())
    _say(f"Stopped {services}, then {', '.join(state.addresses)}: {len(members)} processes, none is left.")
    _say(f"Logs stay until the next start: {state.logs}")


def _kill_supervisor(home: FarmHome, state: FarmState) -> None:
    with suppress(ProcessLookupError):
        os.kill(state.supervisor, signal.SIGKILL)
    _wait_for_guards(home)


def _wait_for_guards(home: FarmHome) -> None:
    if not _becomes_true(lambda: not home.is_occupied(), _ABANDONED_S):
        raise FarmError(
            f"What an earlier farm left in {home.path} has not ended after {_ABANDONED_S:.0f} s;"
            " find it with: fuser -v " + str(home.path / "run-*" / "lock")
        )


def _becomes_true(condition: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _show(home: FarmHome, state: FarmState | None, what: str) -> None:
    if state is None:
        raise FarmError(f"The farm ended as soon as it ran. Look at {home.log_file}")
    _say(what)
    rows = {
        **state.addresses,
        **{name: f"pid {pid}" for name, pid in state.services.items()},
        "supervisor": f"pid {state.supervisor}, starts again what dies",
        "logs": f"{_short(Path(state.logs))}/*.log, {_short(home.log_file)}",
    }
    for name, value in rows.items():
        _say(f"  {name:<12}  {value}")
    _say("Use it, here or in any terminal of this checkout:")
    _say(f"  set -a; . {_short(home.settings_file)}; set +a")
    _say("  .venv/bin/studio jobs")
    _say("Render the sample with make farm-demo, stop everything with make farm-down.")


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the answer
