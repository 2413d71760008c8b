"""``studio account``: everything about one's own account, and what administrators do."""

from __future__ import annotations

from collections.abc import Callable

import typer

from studiomatic.cli.account import (
    address,
    administration,
    leaving,
    letters,
    logging_in,
    passwords,
    policies,
    profile,
    registering,
    sessions,
    two_factor,
)

app = typer.Typer(
    help="Your account: register, log in, second factors, sessions.\n\nPasswords, codes and links are asked for,"
    " never arguments; a script gives them as lines of standard input, in the same order.",
    no_args_is_help=True,
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    registering.register,
    registering.confirm,
    registering.resend,
    logging_in.login,
    logging_in.logout,
    profile.show,
    profile.update,
    sessions.sessions,
    sessions.revoke,
    sessions.events,
    passwords.change_password,
    passwords.forgot_password,
    passwords.reset_password,
    address.change_address,
    address.revert_address,
    leaving.delete,
    leaving.keep,
    letters.mails,
    administration.administrator,
    administration.disable,
    administration.enable,
    administration.end_sessions,
)
for command in _COMMANDS:
    app.command()(command)
app.add_typer(two_factor.app, name="two-factor")
app.add_typer(policies.app, name="policy")
