"""Ask for the deletion of an account, or keep it after all."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.contracts.accounts import CancelDeletion, RequestAccepted, RequestDeletion
from studiomatic.cli.desk import open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import explains_errors


@explains_errors
def delete(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")] = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Ask for the deletion of the account. All sessions end; for some days you can log in and keep it."""
    with open_desk(bus, as_json=as_json) as desk:
        account = desk.session()
        if not yes:
            typer.confirm(f"delete the account of {account.email} with all it has?", abort=True)
        desk.ask_signed_in(RequestDeletion, RequestAccepted, client=desk.client_info(account.email))
        desk.file.forget()
        desk.emit("deletion_requested", account_id=account.account_id)
        desk.say(
            "the account is being deleted, and all sessions have ended; to keep it after all:"
            " [bold]studio account login[/], then [bold]studio account keep[/]"
        )


@explains_errors
def keep(bus: Bus = None, as_json: AsJson = False) -> None:
    """Keep an account whose deletion was asked for; log in first."""
    with open_desk(bus, as_json=as_json) as desk:
        account = desk.session()
        desk.ask_signed_in(CancelDeletion, RequestAccepted, client=desk.client_info(account.email))
        desk.emit("deletion_cancelled", account_id=account.account_id)
        desk.say("the account is kept")
