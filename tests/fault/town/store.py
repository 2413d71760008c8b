"""The tables of the foreman, the mason and the clerk."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, String, Table, insert, select, update

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import new_metadata

METADATA = new_metadata()
WALLS = Table(
    "walls",
    METADATA,
    Column("task_id", String(64), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("code", String(60)),
    Column("execution_id", String(64)),
    Column("changes", Integer, nullable=False),
)
HEARD = Table(
    "heard",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("message_id", String(64), nullable=False),
    Column("type", String(100), nullable=False),
    Column("task_id", String(64)),
)
OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)

TERMINAL = ("succeeded", "failed")


def order(connection: Connection, task_id: str) -> None:
    """A wall was ordered."""
    connection.execute(insert(WALLS).values(task_id=task_id, state="dispatched", changes=0))


def change(connection: Connection, task_id: str, state: str, execution_id: str, code: str | None) -> bool:
    """Go to ``state`` unless the wall is done with; returns whether it changed."""
    live = WALLS.c.state.not_in((*TERMINAL, state))
    statement = (
        update(WALLS)
        .where(WALLS.c.task_id == task_id, live)
        .values(state=state, code=code, execution_id=execution_id, changes=WALLS.c.changes + 1)
    )
    return connection.execute(statement).rowcount == 1


def is_ordered(connection: Connection, task_id: str) -> bool:
    """Whether the foreman knows the wall."""
    return connection.execute(select(WALLS.c.task_id).where(WALLS.c.task_id == task_id)).first() is not None
