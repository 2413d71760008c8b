"""What render children are ordered with, and what is told of them: the words between a service and their template.

See ``work`` for what a child is asked to do once it lives.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TemplateHello(_Line):
    """First message to the template.

    ``ends_with_starter`` asks the kernel to kill it with the thread that started it; only right when that thread
    lives as long as the process.
    """

    parent: int
    ends_with_starter: bool
    idle_seconds: float


class Ready(_Line):
    """First line from the template; ``engine`` names everything that decides the bytes its children make."""

    engine: str


class ChildOrder(_Line):
    """A message that orders a child of the template, at home in ``folder``.

    With it come three open files, which only that child gets: where it reads requests, writes answers, and tells
    of its birth.
    """

    folder: Path
    memory_bytes: int
    file_bytes: int
    idle_seconds: float


class Born(_Line):
    """The child lives and leads a process group of its own."""

    pid: int


class Ended(_Line):
    """The child has ended; ``exit_code`` is negative for a signal."""

    exit_code: int
