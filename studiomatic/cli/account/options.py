"""Options that several commands about accounts have. None of them may hold a secret."""

from __future__ import annotations

from typing import Annotated

import typer

Email = Annotated[
    str | None, typer.Option(help="The e-mail address of the account; asked for if missing.", show_default=False)
]
OfAccount = Annotated[str, typer.Argument(metavar="EMAIL", help="The address of the account.", show_default=False)]
