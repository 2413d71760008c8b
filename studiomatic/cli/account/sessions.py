"""Where one is logged in, and what happened to the account."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from shared.contracts.sessions import (
    ListSecurityEvents,
    ListSessions,
    RevokeSession,
    SecurityEventList,
    SessionList,
)
from shared.errors import InvalidInputError
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import console, explains_errors, print_json


@explains_errors
def sessions(bus: Bus = None, as_json: AsJson = False) -> None:
    """List the sessions of the account, the newest first."""
    with open_desk(bus, as_json=as_json) as desk:
        _show(desk, desk.ask_signed_in(ListSessions, SessionList))


@explains_errors
def revoke(
    session_id: Annotated[
        str | None, typer.Argument(metavar="SESSION", help="Id, as `studio account sessions` shows it.")
    ] = None,
    others: Annotated[bool, typer.Option("--others", help="End all sessions but this one.")] = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """End a session, wherever it is used."""
    if (session_id is None) is not others:
        raise InvalidInputError("name one session, or give --others to end all but this one")
    with open_desk(bus, as_json=as_json) as desk:
        own = desk.session().session_id
        left = desk.ask_signed_in(RevokeSession, SessionList, session_id=session_id)
        if session_id == own:
            desk.file.forget()
        _show(desk, left)


@explains_errors
def events(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most events to show.")] = 50,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """List what happened to the account in the last 90 days, the newest first."""
    with open_desk(bus, as_json=as_json) as desk:
        happened = desk.ask_signed_in(ListSecurityEvents, SecurityEventList, limit=limit).events
        if as_json:
            print_json([event.model_dump(mode="json") for event in happened])
            return
        table = Table("when (UTC)", "what", "how", "from", "with", box=None)
        for event in happened:
            when = f"{event.occurred_at:%Y-%m-%d %H:%M:%S}"
            table.add_row(when, event.kind.replace("_", " "), event.outcome, event.ip, escape(event.browser))
        console.print(table)


def _show(desk: Desk, found: SessionList) -> None:
    if desk.as_json:
        print_json([session.model_dump(mode="json") for session in found.sessions])
        return
    table = Table(
        Column("session", no_wrap=True), "with", "from", "level", "last used (UTC)", "ends", "", box=None
    )
    for session in found.sessions:
        table.add_row(
            session.session_id,
            escape(session.browser),
            session.ip,
            session.assurance.value,
            f"{session.last_used_at:%Y-%m-%d %H:%M}",
            f"{session.expires_at:%Y-%m-%d %H:%M}",
            "this one" if session.current else "",
        )
    console.print(table)
