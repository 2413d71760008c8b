"""See and correct one's own account."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from shared.contracts.accounts import AccountView, GetAccount, UpdateProfile
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import console, explains_errors, print_json


@explains_errors
def show(bus: Bus = None, as_json: AsJson = False) -> None:
    """Show the account that is logged in."""
    with open_desk(bus, as_json=as_json) as desk:
        _show(desk, desk.ask_signed_in(GetAccount, AccountView))


@explains_errors
def update(
    name: Annotated[str | None, typer.Option(help="Your name.", show_default=False)] = None,
    company: Annotated[str | None, typer.Option(help="Your company.", show_default=False)] = None,
    country: Annotated[str | None, typer.Option(help="Two letters (ISO 3166).", show_default=False)] = None,
    language: Annotated[str | None, typer.Option(help="Of letters to you (ISO 639).", show_default=False)] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(help="company, country or language: becomes empty; may be repeated.", show_default=False),
    ] = None,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Correct what the account says of you; what is not named stays as it is."""
    with open_desk(bus, as_json=as_json) as desk:
        account = desk.ask_signed_in(
            UpdateProfile,
            AccountView,
            name=name,
            company=company,
            country=country,
            language=language,
            cleared=tuple(clear or ()),
        )
        _show(desk, account)


def _show(desk: Desk, account: AccountView) -> None:
    if desk.as_json:
        print_json(account.model_dump(mode="json"))
        return
    table = Table(box=None, show_header=False)
    address = account.email if account.new_email is None else f"{account.email}, soon {account.new_email}"
    rows = {
        "account": account.account_id,
        "state": account.state.value,
        "role": account.role.value,
        "name": account.name,
        "e-mail": address,
        "company": account.company or "",
        "country": account.country or "",
        "language": account.language or "",
        "since": f"{account.created_at:%Y-%m-%d}",
        "second factors": ", ".join(account.second_factors) or "none",
    }
    for title, value in rows.items():
        table.add_row(title, escape(value))
    console.print(table)
    if account.second_factor_advised:
        desk.say(
            "[yellow]a second factor makes this account hard to break into: studio account two-factor enable[/]"
        )
    if account.policy_to_acknowledge:
        desk.say(
            f"[yellow]the policy has changed, version {escape(account.policy_to_acknowledge)}:"
            " studio account policy show, then studio account policy accept[/]"
        )
