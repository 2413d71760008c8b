"""Runs the real command line on data folders of its own, with videos small enough to be quick."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

STUDIO = [sys.executable, "-m", "studiomatic"]
WAIT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        return next(event for event in self.events if event["event"] == name)


class Studio:
    """A person at a terminal, with one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "STUDIO_DATA_DIR": str(self.data),
            "COLUMNS": "200",
        }

    def start(self, *arguments: str, installed: bool = False, typing: bool = False) -> subprocess.Popen[str]:
        """Run a command, by its module or as it was installed; ``typing``: its standard input is ours to write."""
        command = [str(Path(sys.executable).with_name("studio"))] if installed else STUDIO
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE if typing else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: str, timeout: float = WAIT_S, installed: bool = False, lines: tuple[str, ...] = ()
    ) -> Outcome:
        """Run a command to its end, with these lines on its standard input."""
        process = self.start(*arguments, installed=installed, typing=bool(lines))
        try:
            out, err = process.communicate("".join(f"{line}\n" for line in lines) or None, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Outcome(code=process.returncode, out=out, err=err)

    def runtime_pids(self) -> list[int]:
        """Processes that serve this data folder."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            serves = b"studiomatic.serve" in command
            if serves and f"STUDIO_DATA_DIR={self.data}".encode() in environment.split(b"\0"):
                found.append(int(entry.name))
        return found

    def kill_runtime(self) -> None:
        for pid in self.runtime_pids():
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda pid=pid: is_gone(pid))

    def close(self) -> None:
        for pid in self.runtime_pids():
            os.kill(pid, signal.SIGTERM)
        try:
            wait_until(lambda: not self.runtime_pids(), seconds=30)
        finally:
            self.kill_runtime()


def wait_until(condition: Callable[[], bool], *, seconds: float = WAIT_S) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s")
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has asked how yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    yield studio
    studio.close()


@pytest.fixture(scope="module")
def shared_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """For tests that only look, or that fail before anything is stored."""
    studio = Studio(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.close()


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def gone() -> Callable[[int], bool]:
    return is_gone


PictureMaker = Callable[[str], Path]


@pytest.fixture
def picture(tmp_path: Path) -> PictureMaker:
    """Makes a picture file of its own for each name."""

    def make(name: str) -> Path:
        path = tmp_path / name
        colour = tuple((sum(name.encode()) * factor) % 256 for factor in (3, 7, 11))
        image = Image.new("RGB", (320, 240), colour)
        ImageDraw.Draw(image).ellipse((60, 40, 220, 200), fill=(255 - colour[0], 128, colour[2]))
        image.save(path)
        return path

    return make


ProjectMaker = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, picture: PictureMaker) -> ProjectMaker:
    """Writes a small silent project of own pictures: seconds to render."""

    def make(
        *, slides: int = 2, seconds: float = 1.0, name: str = "project.yaml", title: str = "Small", extra: str = ""
    ) -> Path:
        lines = [f"title: {title}", "style: {size: 192x128, profile: draft, crossfade: 0.2}"]
        lines += ["voice: none", "music: none", extra, "slides:"]
        for number in range(1, slides + 1):
            lines.append(f"  - {{image: {picture(f'p{number}.png').name}, seconds: {seconds}}}")
        path = tmp_path / name
        path.write_text("\n".join(lines))
        return path

    return make
