"""Stations that move between end ports: where each was in the last looks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "flights",
        sa.Column("segment", sa.String, nullable=False),
        sa.Column("mac", sa.String(17), nullable=False),
        sa.Column("stays", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("segment", "mac", name="flights_key"),
    )
