"""Change a password, or set another when it is forgotten."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.contracts.accounts import RequestAccepted
from shared.contracts.sessions import ChangePassword, RequestPasswordReset, ResetPassword, SessionRenewed
from studiomatic.cli.account.options import Email
from studiomatic.cli.asking import ask_link, ask_new_secret, ask_secret, ask_text
from studiomatic.cli.desk import open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import explains_errors


@explains_errors
def change_password(
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="Leave the other sessions alive; without it they end.")
    ] = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Set another password; asks for the current one first."""
    with open_desk(bus, as_json=as_json) as desk:
        session = desk.session()
        renewed = desk.ask_signed_in(
            ChangePassword,
            SessionRenewed,
            current_password=ask_secret("current password"),
            new_password=ask_new_secret("new password"),
            keep_other_sessions=keep_others,
            client=desk.client_info(session.email),
        )
        desk.keep(renewed.session, session.email)
        desk.emit("password_changed")
        desk.say("the password is changed" + ("" if keep_others else "; all other sessions have ended"))


@explains_errors
def forgot_password(email: Email = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Have a letter sent with the link that sets another password; it lives one hour."""
    with open_desk(bus, as_json=as_json) as desk:
        address = email or ask_text("e-mail address")
        desk.ask(RequestPasswordReset(email=address, client=desk.client_info(address)), RequestAccepted)
        desk.emit("request_accepted", email=address)
        desk.say(
            f"if {address} has an account, a letter is on its way;"
            " go on with [bold]studio account reset-password[/]"
        )


@explains_errors
def reset_password(bus: Bus = None, as_json: AsJson = False) -> None:
    """Set another password with the link of a letter; asks for both. All sessions end."""
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask(
            ResetPassword(
                link=ask_link("link of the letter"),
                new_password=ask_new_secret("new password"),
                client=desk.client_info(),
            ),
            RequestAccepted,
        )
        desk.file.forget()
        desk.emit("password_reset")
        desk.say("the password is set, and all sessions have ended; log in with [bold]studio account login[/]")
