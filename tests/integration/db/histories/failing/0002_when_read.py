"""When a book was read; titles get a limit and an index."""

import sqlalchemy as sa
from alembic import op

from shared.db import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("books") as books:
        books.add_column(sa.Column("read_at", UtcDateTime()))
        books.alter_column("title", type_=sa.String(200), existing_nullable=False)
    op.create_index("books_by_title", "books", ["title"])
