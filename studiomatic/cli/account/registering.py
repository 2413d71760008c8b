"""Open an account and confirm its address."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from shared.contracts.accounts import (
    ConfirmAddress,
    GetPolicy,
    PolicyView,
    RegisterAccount,
    RequestAccepted,
    ResendConfirmation,
)
from shared.errors import InvalidInputError, NotFoundError
from studiomatic.cli.account.options import Email
from studiomatic.cli.asking import ask_link, ask_new_secret, ask_text
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import explains_errors


@explains_errors
def register(
    email: Email = None,
    name: Annotated[str | None, typer.Option(help="Your name.", show_default=False)] = None,
    company: Annotated[str | None, typer.Option(help="Your company, if you like.", show_default=False)] = None,
    country: Annotated[
        str | None, typer.Option(help="Your country, as two letters (ISO 3166).", show_default=False)
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The language of letters to you (ISO 639).", show_default=False)
    ] = None,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Open an account; asks for birth date and password. The date itself is not kept."""
    with open_desk(bus, as_json=as_json) as desk:
        address = email or ask_text("e-mail address")
        query = RegisterAccount(
            email=address,
            name=name or ask_text("name"),
            birth_date=_date(ask_text("birth date (YYYY-MM-DD)")),
            password=ask_new_secret("password of at least 15 characters"),
            company=company,
            country=country,
            language=language,
            accepts_policy=_policy_version(desk),
            client=desk.client_info(address),
        )
        desk.ask(query, RequestAccepted)
        desk.emit("registration_accepted", email=address)
        desk.say(f"a letter to {address} is on its way; go on with [bold]studio account confirm[/]")
        _say_where_letters_are(desk)


@explains_errors
def confirm(bus: Bus = None, as_json: AsJson = False) -> None:
    """Confirm an address with the link of a letter, which is asked for: of a new account, or a new address."""
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask(ConfirmAddress(link=ask_link("link of the letter"), client=desk.client_info()), RequestAccepted)
        desk.emit("address_confirmed")
        desk.say("the address is confirmed; log in with [bold]studio account login[/]")


@explains_errors
def resend(email: Email = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Have the confirmation letter sent again; the link of the one before ends."""
    with open_desk(bus, as_json=as_json) as desk:
        address = email or ask_text("e-mail address")
        desk.ask(ResendConfirmation(email=address, client=desk.client_info(address)), RequestAccepted)
        desk.emit("request_accepted", email=address)
        desk.say(f"if {address} waits for its confirmation, a letter is on its way")
        _say_where_letters_are(desk)


def _policy_version(desk: Desk) -> str | None:
    """The version that is in force, which is named to the person; None while none was published."""
    try:
        policy = desk.ask(GetPolicy(), PolicyView)
    except NotFoundError:
        return None
    desk.say(
        f"by registering you accept version {policy.policy_version} of the policy;"
        " read it with [bold]studio account policy show[/]"
    )
    return policy.policy_version


def _say_where_letters_are(desk: Desk) -> None:
    if desk.settings.embedded:
        desk.say("[dim]letters of a data folder are files in it: studio account mails[/]")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("the birth date must be like 1990-12-31") from None
