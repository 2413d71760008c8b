"""``studio account mails``: the letters that embedded mode writes to files instead of sending them."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from shared.errors import InvalidInputError
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import chosen_settings, console, explains_errors, print_json


@explains_errors
def mails(
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most letters to show.")] = 3,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest letters of the data folder, the newest last."""
    settings = chosen_settings(bus)
    if not settings.embedded or settings.smtp_url is not None:
        raise InvalidInputError(
            "only letters of a data folder without mail server are shown here; a farm sends them, or keeps "
            "them as files beside its auth service"
        )
    folder = settings.data_dir / "mail"
    letters = [(file, _letter(file)) for file in sorted(folder.glob("*.eml"))[-limit:]]
    if as_json:
        print_json([_as_json(file, letter) for file, letter in letters])
        return
    for file, letter in letters:
        console.print(f"[bold]{escape(str(letter['Subject']))}[/] to {escape(str(letter['To']))} [dim]{file}[/]")
        console.print(_text(letter), markup=False, soft_wrap=True)
    if not letters:
        console.print(f"no letters in {folder}")


def _letter(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=policy.default)


def _text(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    return "" if part is None else part.get_content()


def _as_json(file: Path, letter: EmailMessage) -> dict[str, str]:
    return {
        "file": str(file),
        "to": str(letter["To"]),
        "subject": str(letter["Subject"]),
        "text": _text(letter),
    }
