"""No command takes a secret as an argument: the arguments of a process are seen by everybody on the machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from studiomatic.cli.app import app

SECRET = re.compile(r"pass(word|phrase)|secret|token|code|link|api.?key|^key$|credential|birth|pin", re.IGNORECASE)
HARMLESS = {
    ("account two-factor remove-passkey", "credential_id"): "the public name of a passkey",
}


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        place = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from commands(command, place)
        else:
            yield place, command


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_no_parameter_of_any_command_can_hold_a_secret() -> None:
    found = {
        (place, parameter.name)
        for place, command in COMMANDS.items()
        for parameter in command.params
        if any(SECRET.search(name) for name in (parameter.name or "", *parameter.opts))
    }
    assert found == set(HARMLESS)
    assert {"account login", "account two-factor enable", "keys add", "keys replace"} <= COMMANDS.keys()


def test_every_command_can_speak_to_machines() -> None:
    without = {place for place, command in COMMANDS.items() if "as_json" not in [p.name for p in command.params]}
    assert without == {"serve"}
