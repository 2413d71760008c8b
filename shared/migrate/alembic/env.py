"""Run by Alembic for every upgrade and draft, on the connection that ``shared.migrate`` gives it."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from shared.db import Json, UtcDateTime


def rendered(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our own column types into a draft as the service's code does."""
    if kind == "type" and isinstance(item, (Json, UtcDateTime)):
        name = type(item).__name__
        autogen_context.imports.add(f"from shared.db import {name}")
        return f"{name}()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_item=rendered,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
