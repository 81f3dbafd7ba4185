"""What servers do with their addresses: the last report of each, and the sweeps over them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "server_sweeps",
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("started", _MOMENT, nullable=False),
        sa.Column("finished", _MOMENT),
        sa.PrimaryKeyConstraint("sequence", name="server_sweeps_key"),
    )
    op.create_table(
        "servers",
        sa.Column("server", sa.String, nullable=False),
        sa.Column("checked", _MOMENT, nullable=False),
        sa.Column("sweep", sa.Integer),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("summary", sa.String, nullable=False),
        sa.Column("states", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("server", name="servers_key"),
    )
