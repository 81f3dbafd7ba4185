"""Who has frozen unattended action, where many machines have one store."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "freezes",
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("said", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="freezes_key"),
    )
