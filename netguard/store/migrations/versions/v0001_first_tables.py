"""The first tables: bindings, gateway identities, findings with their history, sweeps."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _bindings()
    _gateway_identities()
    _findings()
    _finding_history()
    _sweeps()


def _bindings() -> None:
    op.create_table(
        "bindings",
        sa.Column("segment", sa.String, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("mac", sa.String(17), nullable=False),
        sa.Column("device", sa.String),
        sa.Column("port", sa.String),
        sa.Column("if_index", sa.Integer),
        sa.Column("vlan", sa.Integer),
        sa.Column("located", _MOMENT),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_seen", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("segment", "address", "mac", name="bindings_key"),
    )
    op.create_index("bindings_by_address", "bindings", ["address"])
    op.create_index("bindings_by_mac", "bindings", ["mac"])


def _gateway_identities() -> None:
    op.create_table(
        "gateway_identities",
        sa.Column("segment", sa.String, nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("mac", sa.String(17), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("first_confirmed", _MOMENT, nullable=False),
        sa.Column("confirmed", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("segment", "address", "mac", name="gateway_identities_key"),
    )


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_seen", _MOMENT, nullable=False),
        sa.Column("segment", sa.String),
        sa.Column("address", sa.String(45)),
        sa.Column("server", sa.String),
        sa.Column("claimants", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("summary", sa.String, nullable=False),
        sa.Column("advice", sa.String, nullable=False),
        sa.Column("reopened", sa.Integer, nullable=False),
        sa.Column("acknowledged_by", sa.String),
        sa.Column("note", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="findings_key"),
    )
    op.create_index("findings_by_state", "findings", ["state"])


def _finding_history() -> None:
    op.create_table(
        "finding_history",
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("finding", sa.String, nullable=False),
        sa.Column("happening", sa.String, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("summary", sa.String, nullable=False),
        sa.Column("who", sa.String),
        sa.Column("note", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="finding_history_key"),
        sa.ForeignKeyConstraint(["finding"], ["findings.id"], name="finding_history_of_findings"),
    )
    op.create_index("finding_history_by_finding", "finding_history", ["finding"])


def _sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("started", _MOMENT, nullable=False),
        sa.Column("duration", sa.Float, nullable=False),
        sa.Column("segments", sa.JSON, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("gaps", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="sweeps_key"),
    )
