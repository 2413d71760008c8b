"""What a job is to show when it draws a preview.

The code before this one leaves the column empty, so it may run beside it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db import Json

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("preview", Json(), nullable=True))
