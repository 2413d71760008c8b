"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print machine-readable lines instead of words.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the results.")]
