"""``studio account policy``: read, accept and publish the policy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from shared.contracts.accounts import (
    AcceptPolicy,
    AccountView,
    GetAccount,
    GetPolicy,
    PolicyView,
    PublishPolicy,
)
from shared.errors import InvalidInputError
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import console, explains_errors, print_json

app = typer.Typer(help="The policy: read, accept, publish.", no_args_is_help=True)

Version = Annotated[
    str | None, typer.Option("--version", help="Which version; the newest by default.", show_default=False)
]


@app.command()
@explains_errors
def show(version: Version = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Show a version of the policy."""
    with open_desk(bus, as_json=as_json) as desk:
        policy = desk.ask(GetPolicy(policy_version=version), PolicyView)
        if as_json:
            print_json(policy.model_dump(mode="json"))
            return
        console.print(policy.text, markup=False)
        desk.say(f"\n[dim]version {policy.policy_version}, in force from {policy.effective_on}[/]")


@app.command()
@explains_errors
def accept(version: Version = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Accept a version of the policy; by default the one that you were told of."""
    with open_desk(bus, as_json=as_json) as desk:
        chosen = version or _told_of(desk)
        desk.ask_signed_in(AcceptPolicy, AccountView, policy_version=chosen)
        desk.emit("policy_accepted", policy_version=chosen)
        desk.say(f"version {chosen} is accepted")


@app.command()
@explains_errors
def publish(
    file: Annotated[Path, typer.Argument(help="Text file with the policy, in UTF-8.", show_default=False)],
    version: Annotated[str, typer.Option("--version", help="Name of this version.", show_default=False)],
    effective: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="From which day it is in force.", show_default=False)
    ],
    material: Annotated[
        bool,
        typer.Option("--material/--editorial", help="Does it change anything? Then every account gets a letter."),
    ],
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Publish a version of the policy. For administrators."""
    with open_desk(bus, as_json=as_json) as desk:
        policy = desk.ask_signed_in(
            PublishPolicy,
            PolicyView,
            policy_version=version,
            text=_text(file),
            effective_on=effective.date(),
            material=material,
        )
        desk.emit("policy_published", policy_version=policy.policy_version, sha256=policy.sha256)
        desk.say(f"version {policy.policy_version} is published")


def _told_of(desk: Desk) -> str:
    told_of = desk.ask_signed_in(GetAccount, AccountView).policy_to_acknowledge
    if told_of is None:
        raise InvalidInputError("no version waits to be accepted; name one with --version")
    return told_of


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InvalidInputError(f"{file} cannot be read: {reason}") from None
