"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable lines instead of words.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.")]
Media = Annotated[
    bool,
    typer.Option("--media", help="Bring every picture, sound and video that timeline.otio names, for an editor."),
]
Bus = Annotated[
    str | None,
    typer.Option(
        "--bus",
        metavar="URL",
        help="Work on a farm: amqp://USER@HOST/VHOST of its broker, with the password in STUDIO_BUS_PASSWORD and"
        " your account in STUDIO_ACCOUNT_ID. Default: STUDIO_BUS_URL, or without it the data folder.",
        show_default=False,
    ),
]
