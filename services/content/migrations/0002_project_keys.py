"""The idempotency key that a project was created with.

The code before this one leaves the column empty, so it may run beside it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("projects", sa.Column("idempotency_key", sa.String(length=200), nullable=True))
    op.create_index("projects_by_key", "projects", ["account_id", "idempotency_key"], unique=True)
