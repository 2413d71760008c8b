"""What administrators do to other accounts."""

from __future__ import annotations

from shared.contracts.accounts import (
    DisableAccount,
    EnableAccount,
    MakeFirstAdministrator,
    RequestAccepted,
    SessionQuery,
)
from shared.contracts.sessions import RevokeAllSessions
from studiomatic.cli.account.options import OfAccount
from studiomatic.cli.asking import ask_secret
from studiomatic.cli.desk import open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import explains_errors


@explains_errors
def administrator(email: OfAccount, bus: Bus = None, as_json: AsJson = False) -> None:
    """Make an account the first administrator; asks for the token that auth printed once at its first start.

    In a data folder nothing is asked: who holds it may.
    """
    with open_desk(bus, as_json=as_json) as desk:
        token = desk.offered_administration() or ask_secret("token")
        desk.ask(MakeFirstAdministrator(token=token, email=email), RequestAccepted)
        desk.emit("administrator_made", email=email)
        desk.say(f"{email} is an administrator now")


@explains_errors
def disable(email: OfAccount, bus: Bus = None, as_json: AsJson = False) -> None:
    """Refuse an account every login and end its sessions. For administrators."""
    _done_to(DisableAccount, email, "disabled", bus, as_json=as_json)


@explains_errors
def enable(email: OfAccount, bus: Bus = None, as_json: AsJson = False) -> None:
    """Allow a disabled account logins again. For administrators."""
    _done_to(EnableAccount, email, "enabled", bus, as_json=as_json)


@explains_errors
def end_sessions(email: OfAccount, bus: Bus = None, as_json: AsJson = False) -> None:
    """End all sessions of an account. For administrators."""
    _done_to(RevokeAllSessions, email, "logged out everywhere", bus, as_json=as_json)


def _done_to(query: type[SessionQuery], email: str, what: str, bus: str | None, *, as_json: bool) -> None:
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask_signed_in(query, RequestAccepted, email=email)
        desk.emit("done", email=email, what=what.replace(" ", "_"))
        desk.say(f"{email} is {what}")
