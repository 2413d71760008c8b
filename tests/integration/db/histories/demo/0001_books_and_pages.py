"""Books and their pages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("book_id", sa.String(36), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book_id", name="pk_books"),
    )
    op.create_table(
        "pages",
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("book_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("page_id", name="pk_pages"),
        sa.ForeignKeyConstraint(["book_id"], ["books.book_id"], name="fk_pages_book_id_books", ondelete="CASCADE"),
    )
