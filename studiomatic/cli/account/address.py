"""Change the e-mail address of an account."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.contracts.accounts import ChangeAddress, RequestAccepted, RevertAddressChange
from studiomatic.cli.asking import ask_link
from studiomatic.cli.desk import open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import explains_errors


@explains_errors
def change_address(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The new address.", show_default=False)],
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Ask for another address; it counts once the letter to it is confirmed, and the old one is told."""
    with open_desk(bus, as_json=as_json) as desk:
        account = desk.session().email
        desk.ask_signed_in(ChangeAddress, RequestAccepted, email=email, client=desk.client_info(account))
        desk.emit("request_accepted", email=email)
        desk.say(f"a letter to {email} is on its way; its link goes to [bold]studio account confirm[/]")


@explains_errors
def revert_address(bus: Bus = None, as_json: AsJson = False) -> None:
    """Take a change of address back with the link in the letter to the old one. All sessions end."""
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask(
            RevertAddressChange(link=ask_link("link of the letter"), client=desk.client_info()), RequestAccepted
        )
        desk.file.forget()
        desk.emit("address_reverted")
        desk.say(
            "the old address is the address again, and all sessions have ended; set another password:"
            " [bold]studio account forgot-password[/]"
        )
