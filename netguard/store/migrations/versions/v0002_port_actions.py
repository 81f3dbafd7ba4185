"""The history of port actions: what was done to ports and what was declined, in a chain."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "actions",
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("action_id", sa.String, nullable=False),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("port", sa.String, nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="actions_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("actions_by_at", "actions", ["at"])
    op.create_index("actions_by_action_id", "actions", ["action_id"])
