"""Puts the commands together."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.table import Table

from shared.config import LogFormat
from shared.errors import InvalidInputError
from shared.logging import configure_logging
from studiomatic import __version__
from studiomatic.cli import account, jobs, keys, projects, vault
from studiomatic.cli.doctor import doctor
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.preview import preview
from studiomatic.cli.render import demo, regenerate, render
from studiomatic.cli.session import chosen_settings, console, explains_errors, print_json

app = typer.Typer(
    name="studio",
    help="Make narrated videos from a topic or slides.\n\nStart with: studio demo",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)
app.command()(render)
app.command()(preview)
app.command()(demo)
app.command()(regenerate)
app.add_typer(projects.app, name="projects")
app.command("jobs")(jobs.list_jobs)
for command in (jobs.show, jobs.watch, jobs.cancel, jobs.resume, jobs.fetch):
    app.command()(command)
app.add_typer(account.app, name="account")
app.add_typer(keys.app, name="keys")
app.add_typer(vault.app, name="vault")
app.command()(doctor)


@app.command()
@explains_errors
def serve(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when no job is under way.")] = False,
    bus: Bus = None,
) -> None:
    """Work on the jobs of the data folder until stopped with Ctrl-C."""
    if not chosen_settings(bus).embedded:
        raise InvalidInputError(
            "`studio serve` works on the data folder of this machine only; a farm's services are started where it"
            " runs, for example by `make farm`. Leave --bus and STUDIO_BUS_URL out"
        )
    arguments = [sys.executable, "-P", "-m", "studiomatic.serve", *(["--until-idle"] if until_idle else [])]
    os.execv(sys.executable, arguments)  # noqa: S606  # a green process must be born green


@app.command()
@explains_errors
def config(bus: Bus = None, as_json: AsJson = False) -> None:
    """Show the settings, with secrets masked."""
    values = chosen_settings(bus).model_dump(mode="json")
    if as_json:
        print_json(values)
        return
    table = Table("variable", "value", box=None)
    limits = {f"media__{name}": value for name, value in values.pop("media").items()}
    for name, value in (values | limits).items():
        table.add_row(f"STUDIO_{name.upper()}", "" if value is None else str(value))
    console.print(table)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(f"studio {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Make narrated videos from a topic or slides."""
    configure_logging(LogFormat.CONSOLE, "error", service="studio")


def main() -> None:
    """Run the command line."""
    app()
