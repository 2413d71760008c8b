"""``studio vault``: what whoever runs the vault does with it."""

from __future__ import annotations

import typer

from shared.contracts.vault import RewrapStatus
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import EXIT_FAILED, explains_errors, print_json
from studiomatic.cli.vault_door import open_vault_of_its_operator

app = typer.Typer(
    help="Run the vault: of a data folder as its owner, of a farm as an administrator who is logged in.",
    no_args_is_help=True,
)


@app.command()
@explains_errors
def rotate(bus: Bus = None, as_json: AsJson = False) -> None:
    """Seal with a new version of the keyring from now on, and rewrap what the old ones wrap.

    In a data folder this makes the new version, too; on a farm its operator adds it to the keyring file first.
    """
    with open_desk(bus, as_json=as_json) as desk:
        desk.add_keyring_version()
        vault = open_vault_of_its_operator(desk)
        vault.rotate()
        _show(desk, vault.rewrap_status())


@app.command("rewrap-status")
@explains_errors
def rewrap_status(bus: Bus = None, as_json: AsJson = False) -> None:
    """Show how many user keys each version of the keyring wraps, and which versions nothing uses any more."""
    with open_desk(bus, as_json=as_json) as desk:
        _show(desk, open_vault_of_its_operator(desk).rewrap_status())


@app.command("verify-audit")
@explains_errors
def verify_audit(bus: Bus = None, as_json: AsJson = False) -> None:
    """Compute the audit chain anew, and compare it with the heads that gdpr keeps; exits with 1 if not whole."""
    with open_desk(bus, as_json=as_json) as desk:
        verified = open_vault_of_its_operator(desk).verify_audit()
        if as_json:
            print_json(verified.model_dump(mode="json"))
        elif verified.whole:
            desk.say(f"the audit is whole: {verified.rows} rows")
        else:
            desk.say(f"[bold red]the audit is not whole[/] from row {verified.first_bad}: {verified.reason}")
        if not verified.whole:
            raise typer.Exit(EXIT_FAILED)


def _show(desk: Desk, status: RewrapStatus) -> None:
    if desk.as_json:
        print_json(status.model_dump(mode="json"))
        return
    desk.say(f"version {status.current_version} of the keyring seals from now on")
    for version, count in sorted(status.user_keys.items()):
        desk.say(f"  version {version} wraps {count} user keys")
    desk.say("the rewrap goes on" if status.running else "no rewrap is under way")
    if status.destroyable:
        versions = ", ".join(map(str, status.destroyable))
        desk.say(f"nothing uses version {versions} any more: it may be taken out of the keyring file")
