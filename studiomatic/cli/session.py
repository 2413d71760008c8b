"""What every command shares: the client, the console, and how errors become words and exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from shared.config import Settings, load_settings
from shared.errors import StudiomaticError
from studiomatic.client import FolderClient, NothingServesError
from studiomatic.runtime import ensure_served

EXIT_FAILED = 1
EXIT_NOTHING_SERVES = 3
EXIT_CANCELLED = 130
"""128 + SIGINT, as shells expect of a program that was interrupted."""

P = ParamSpec("P")

console = Console(highlight=False)
error_console = Console(stderr=True, highlight=False)


class Session:
    """One run of a command.

    Args:
        as_json: Machine-readable lines on standard output instead of words for people.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.settings: Settings = load_settings()
        self.client = FolderClient(self.settings)

    def ensure_served(self) -> None:
        """Start a runtime in the background if nothing serves the data folder."""
        ensure_served(self.client.folder, dict(os.environ))

    def emit(self, kind: str, **values: Any) -> None:
        """Print one line for machines; nothing if a person is reading."""
        if self.as_json:
            print_json({"event": kind, **values})

    def say(self, text: str) -> None:
        """Print words for a person; nothing if a machine is reading."""
        if not self.as_json:
            console.print(text, soft_wrap=True)


@contextmanager
def open_session(*, as_json: bool = False) -> Iterator[Session]:
    """A session that lets go of its databases at the end."""
    session = Session(as_json=as_json)
    try:
        yield session
    finally:
        session.client.close()


def print_json(value: Any) -> None:
    """Print one JSON value on one line, at once."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def explains_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn our errors into one line with cause, remedy and code, and the exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except StudiomaticError as error:
            _explain(error, as_json=bool(kwargs.get("as_json")))
            code = EXIT_NOTHING_SERVES if isinstance(error, NothingServesError) else EXIT_FAILED
            raise typer.Exit(code) from None

    return wrapped


def _explain(error: StudiomaticError, *, as_json: bool) -> None:
    structlog.get_logger(__name__).debug("command_failed", code=error.code)
    if as_json:
        print_json({"event": "error", "code": error.code, "message": error.message})
    else:
        message = f"[bold red]error:[/] {escape(error.message)} [dim]\\[{error.code}][/]"
        error_console.print(message, soft_wrap=True)
