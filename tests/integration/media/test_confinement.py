"""What the child cannot do once it is sealed, tried from inside by a stand-in for a decoder that was taken over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from shared.media.confine import Barrier
from shared.media.sandbox import MediaSandbox

_PRELUDE = """
import errno, json, os, socket
from shared.media import confine
from shared.media.limits import MediaLimits

def attempt(act):
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "possible"

open_file = open(os.environ["SECRET"], "rb")
"""
_BOUND = "confine.bound(MediaLimits())"
_ISOLATED = f"{_BOUND} + confine.isolate(os.getppid())"
_ALL_STEPS = f"{_ISOLATED} + confine.seal()"


@pytest.fixture
def inside(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs code in a process that has locked itself in."""
    secret = tmp_path / "secret.txt"
    secret.write_text("another tenant's file")

    def run(attempts: dict[str, str], *, steps: str = _ALL_STEPS) -> dict[str, Any]:
        tries = ", ".join(f"{name!r}: attempt(lambda: {code})" for name, code in attempts.items())
        program = (
            f"{_PRELUDE}\nbarriers = {steps}\n"
            f"found = {{{tries}}}\nprint(json.dumps(found | {{'barriers': barriers}}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={**os.environ, "SECRET": str(secret)},
        )
        return json.loads(done.stdout)

    return run


ATTEMPTS = {
    "read": "open(os.environ['SECRET'])",
    "create": "os.mkdir(os.environ['SECRET'] + '.dir')",
    "remove": "os.unlink(os.environ['SECRET'])",
    "execute": "os.execv('/bin/true', ['true'])",
    "socket": "socket.socket()",
    "local socket": "socket.socket(socket.AF_UNIX)",
    "pipe": "os.pipe()",
    "duplicate": "os.dup(0)",
    "kill parent": "os.kill(os.getppid(), 0)",
}


def test_the_attempts_are_possible_without_a_seal(inside: Callable[..., dict[str, Any]]) -> None:
    """Else the other tests here would prove nothing."""
    harmless = {name: ATTEMPTS[name] for name in ATTEMPTS.keys() - {"remove", "execute", "create"}}
    found = inside(harmless, steps=_BOUND)
    assert {name: found[name] for name in harmless} == dict.fromkeys(harmless, "possible")


def test_a_sealed_child_opens_no_file_and_no_socket(inside: Callable[..., dict[str, Any]]) -> None:
    found = inside({name: ATTEMPTS[name] for name in ("read", "socket", "local socket", "pipe", "duplicate")})
    assert found.pop("barriers")
    assert found.pop("duplicate") == "EINVAL"  # what dup says of a number beyond the limit
    assert set(found.values()) == {"EMFILE"}


def test_a_sealed_child_reads_on_in_what_is_open(inside: Callable[..., dict[str, Any]]) -> None:
    assert inside({"go on": "open_file.read(1) or os.abort()"})["go on"] == "possible"


def test_a_sealed_child_touches_no_path_and_no_process(inside: Callable[..., dict[str, Any]]) -> None:
    found = inside({name: ATTEMPTS[name] for name in ("create", "remove", "execute", "kill parent")})
    if Barrier.NO_PATHS not in found["barriers"]:
        pytest.skip("this kernel has no Landlock; the promise is only made where it does")
    assert [found[name] for name in ("create", "remove", "execute")] == ["EACCES"] * 3
    assert found["kill parent"] in ("EPERM", "possible")  # forbidden since Linux 6.12


def test_a_child_sees_no_network_even_before_the_seal(inside: Callable[..., dict[str, Any]]) -> None:
    found = inside({"reach": "socket.create_connection(('127.0.0.1', 9), 1)"}, steps=_ISOLATED)
    if Barrier.NO_NETWORK not in found["barriers"]:
        pytest.skip("this container forbids namespaces; the descriptor barrier holds instead")
    assert found["reach"] == "ENETUNREACH"


def test_a_child_has_no_capability_even_when_started_by_root(inside: Callable[..., dict[str, Any]]) -> None:
    found = inside({"capable": _CAPABLE}, steps=_ISOLATED)
    assert found["capable"] == "EACCES"  # no capability left, so not even more priority
    assert Barrier.NO_CAPABILITIES in found["barriers"]


_CAPABLE = "int(open('/proc/self/status').read().split('CapEff:')[1].split()[0], 16) or os.setpriority(0, 0, -20)"


def test_the_real_child_reports_its_barriers() -> None:
    report = MediaSandbox().check()
    assert {Barrier.LIMITS, Barrier.NO_DESCRIPTORS, Barrier.DIES_WITH_PARENT} <= set(report.barriers)
    assert {"pillow", "av", "ffmpeg"} == report.libraries.keys()


def test_the_child_dies_with_its_caller(tmp_path: Path, media_files: Any) -> None:
    path = tmp_path / "endless.wav"
    data_bytes = 3_000 * 192_000 * 4
    path.write_bytes(media_files.wav_header(data_bytes, rate=192_000))
    os.truncate(path, 44 + data_bytes)
    out = str(tmp_path / "out.wav")
    program = (
        "from pathlib import Path; from shared.media.sandbox import MediaSandbox;"
        "from shared.media.limits import MediaLimits;"
        f"MediaSandbox(MediaLimits(audio_bytes=1 << 40)).normalise_audio(Path({str(path)!r}), Path({out!r}))"
    )
    caller = psutil.Popen([sys.executable, "-c", program])
    child = _confined_child(caller)
    child.suspend()  # it cannot end by itself any more
    caller.kill()
    caller.wait(10)
    child.wait(5)
    assert not child.is_running()


def _confined_child(process: psutil.Process) -> psutil.Process:
    """The child of ``process`` once it is sealed: no more descriptors."""
    while True:
        assert process.status() != psutil.STATUS_ZOMBIE
        for child in process.children():
            if child.rlimit(psutil.RLIMIT_NOFILE) == (0, 0):
                return child
