"""The makers of the corpus, and two traps: a file that tells who opened it, a server that tells who called."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

_IN_ACCESS, _IN_OPEN = 0x1, 0x20
_libc = ctypes.CDLL(None, use_errno=True)


def _made_by(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def media_files() -> ModuleType:
    return _made_by("media_files")


@pytest.fixture(scope="session")
def hostile_files() -> ModuleType:
    return _made_by("hostile_files")


@pytest.fixture(scope="session")
def damage() -> ModuleType:
    return _made_by("damage")


@pytest.fixture
def secret(media_files: ModuleType, tmp_path: Path) -> Path:
    """Somebody else's sound, in the folder of the hostile files."""
    path = tmp_path / "secret.wav"
    path.write_bytes(media_files.wav(media_files.tone(1)))
    return path


@pytest.fixture
def was_opened(secret: Path) -> Iterator[Callable[[], bool]]:
    """Whether any process has opened the secret since the last question: the kernel tells (inotify(7))."""
    queue = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert _libc.inotify_add_watch(queue, os.fsencode(secret), _IN_OPEN | _IN_ACCESS) >= 0

    def told() -> bool:
        try:
            return bool(os.read(queue, 1 << 16))
        except BlockingIOError:
            return False

    yield told
    os.close(queue)


class Trap(socketserver.TCPServer):
    """Counts who connects, and hangs up."""

    calls = 0

    def verify_request(self, request: object, client_address: object) -> bool:
        self.calls += 1
        return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"


@pytest.fixture
def trap() -> Iterator[Trap]:
    """A server that nobody should call."""
    with Trap(("127.0.0.1", 0), socketserver.BaseRequestHandler) as trap:
        threading.Thread(target=trap.serve_forever, args=(0.05,), daemon=True).start()
        yield trap
        trap.shutdown()
