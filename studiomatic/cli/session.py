"""What every command shares: the client, the console, and how errors become words and exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import structlog
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape

from shared.config import Settings, load_settings
from shared.errors import StudiomaticError
from studiomatic.cli.places import names_password, open_place
from studiomatic.client.errors import NothingServesError

if TYPE_CHECKING:
    from studiomatic.client.link import LinkState

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
        bus: Address of a farm's broker, as given to the command.
        as_json: Machine-readable lines on standard output instead of words for people.
    """

    def __init__(self, *, bus: str | None, as_json: bool) -> None:
        self.as_json = as_json
        self._place = open_place(chosen_settings(bus), self._tell_link)
        self.client = self._place.client

    def ensure_served(self) -> None:
        """Make sure that somebody works on the jobs, as far as that is ours to do."""
        self._place.ensure_served()

    def next_steps(self, job_id: str) -> str:
        """What a person does after a job was stored."""
        return self._place.next_steps(job_id)

    def emit(self, kind: str, **values: Any) -> None:
        """Print one line for machines; nothing if a person is reading."""
        if self.as_json:
            print_json({"event": kind, **values})

    def say(self, text: str) -> None:
        """Print words for a person; nothing if a machine is reading."""
        if not self.as_json:
            console.print(text, soft_wrap=True)

    def _tell_link(self, state: LinkState, reason: str) -> None:
        """Say that the broker is away, or back; a live picture of the job stays whole, so on the same terminal."""
        from studiomatic.client import LinkState

        text = escape(reason) if state is LinkState.UP else f"{escape(reason)}; waiting for it"
        words = console if console.is_terminal and not self.as_json else error_console
        words.print(f"[yellow]{text}[/]", soft_wrap=True)


def chosen_settings(bus: str | None) -> Settings:
    """The settings, with the broker that was given to the command; warns of a password that others can see."""
    settings = load_settings()
    if bus is None:
        return settings
    if names_password(bus):
        error_console.print(
            "[yellow]others on this machine can see the password in --bus;"
            " leave it out there and set STUDIO_BUS_PASSWORD[/]",
            soft_wrap=True,
        )
    return settings.model_copy(update={"bus_url": SecretStr(bus)})


@contextmanager
def open_session(bus: str | None = None, *, as_json: bool = False) -> Iterator[Session]:
    """A session that lets go of its connections and databases at the end."""
    session = Session(bus=bus, as_json=as_json)
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
