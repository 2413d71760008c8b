"""Makes a table, then fails."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table("half", sa.Column("key", sa.Integer(), primary_key=True))
    raise ZeroDivisionError("on purpose")
