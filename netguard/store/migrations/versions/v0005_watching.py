"""What a daemon needs: findings that flap, what stands already, how far each alert was told."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
_BY_TIME = (("sweeps", "started"), ("finding_history", "at"))


def upgrade() -> None:
    """Add the columns, the tables and the indexes."""
    op.add_column(
        "findings", sa.Column("flaps", sa.Integer, nullable=False, server_default=sa.text("0"))
    )
    op.add_column("findings", sa.Column("quiet_since", _MOMENT))
    op.create_table(
        "alert_cursors",
        sa.Column("alert", sa.String(64), nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("told_at", _MOMENT),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_attempt", _MOMENT),
        sa.Column("error", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("alert", name="alert_cursors_key"),
    )
    op.create_table(
        "keepers",
        sa.Column("keeper", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("keeper", name="keepers_key"),
    )
    for table, column in _BY_TIME:
        op.create_index(f"{table}_by_{column}", table, [column])
