"""``studio keys``: one's own provider keys. A key is typed or piped in, and can never be read back."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from shared.contracts.vault import KeyStatus, KeySummary, Provider
from studiomatic.cli.asking import ask_secret
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import console, explains_errors, print_json
from studiomatic.cli.vault_door import open_vault

app = typer.Typer(
    help="Your own provider keys, in the vault.\n\nA key is asked for, never an argument; a script gives it as a"
    " line of standard input. Nobody can read it back.",
    no_args_is_help=True,
)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="Id, as `studio keys list` shows it.")]

Platform = Annotated[
    bool, typer.Option("--platform", help="Keys that the operator provides for all accounts. For administrators.")
]

_IN_WORDS = {
    KeyStatus.NOT_CHECKED: "not checked",
    KeyStatus.VALID: "valid",
    KeyStatus.INVALID: "[red]refused by the provider[/]",
    KeyStatus.UNREADABLE: "[red]damaged: replace it[/]",
}


@app.command()
@explains_errors
def add(
    provider: Annotated[Provider, typer.Argument(help="Whose key it is.", show_default=False)],
    label: Annotated[str, typer.Option(help="A name for yourself.", show_default=False)] = "",
    platform: Platform = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Keep a key of a provider; asks for it."""
    with open_desk(bus, as_json=as_json) as desk:
        vault = open_vault(desk, platform=platform)
        _show(desk, "key_added", vault.add(provider, _asked_key(), label))
        if desk.settings.embedded and len(vault.keys()) == 1:
            _warn_of_the_keyring(desk)


@app.command("list")
@explains_errors
def list_keys(platform: Platform = False, bus: Bus = None, as_json: AsJson = False) -> None:
    """List the keys, the newest first; never more of one than its last four characters."""
    with open_desk(bus, as_json=as_json) as desk:
        keys = open_vault(desk, platform=platform).keys()
        if as_json:
            print_json([key.model_dump(mode="json") for key in keys])
            return
        table = Table(
            Column("key", no_wrap=True), "provider", "label", "ends in", "since", "used", "state", box=None
        )
        for key in keys:
            table.add_row(
                key.record_id,
                key.provider.value,
                escape(key.label),
                escape(key.last4),
                f"{key.replaced_at or key.created_at:%Y-%m-%d}",
                "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}",
                _IN_WORDS[key.status],
            )
        console.print(table if keys else "no keys yet; add one with: studio keys add")


@app.command("test")
@explains_errors
def check(record_id: KeyId, platform: Platform = False, bus: Bus = None, as_json: AsJson = False) -> None:
    """Ask the provider whether it accepts a key."""
    with open_desk(bus, as_json=as_json) as desk:
        _show(desk, "key_tested", open_vault(desk, platform=platform).test(record_id))


@app.command()
@explains_errors
def replace(record_id: KeyId, platform: Platform = False, bus: Bus = None, as_json: AsJson = False) -> None:
    """Put another key in the place of one; asks for it."""
    with open_desk(bus, as_json=as_json) as desk:
        vault = open_vault(desk, platform=platform)
        _show(desk, "key_replaced", vault.replace(record_id, _asked_key()))


@app.command()
@explains_errors
def remove(
    record_id: KeyId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")] = False,
    platform: Platform = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Forget a key."""
    with open_desk(bus, as_json=as_json) as desk:
        if not yes:
            typer.confirm(f"forget the key {record_id}? Nobody can bring it back", abort=True)
        open_vault(desk, platform=platform).remove(record_id)
        desk.emit("key_removed", record_id=record_id)
        desk.say("the key is forgotten")


def _warn_of_the_keyring(desk: Desk) -> None:
    """Once, with the first key: what opens it lies beside it here, unlike on a farm."""
    folder = desk.settings.data_dir
    desk.say(
        f"[yellow]{escape(str(folder / 'keyring.json'))} opens it: without that file no key can be read, and with"
        " it anyone who has a copy of this folder can. Keep a copy of it, apart from copies of the folder[/]"
    )


def _asked_key() -> bytes:
    return ask_secret("key").strip().encode()


def _show(desk: Desk, event: str, key: KeySummary) -> None:
    desk.emit(event, **key.model_dump(mode="json"))
    ending = f", which ends in {escape(key.last4)}," if key.last4 else ""
    desk.say(f"key {key.record_id} of {key.provider.value}{ending} is in the vault: {_IN_WORDS[key.status]}")
