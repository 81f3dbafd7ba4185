"""The steps from one version of the schema to the next, run by Alembic."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def known() -> frozenset[str]:
    """Return every version that this program can read and bring up to date."""
    return frozenset(step.revision for step in scripts().walk_revisions())


def scripts() -> ScriptDirectory:
    """Return Alembic's view of the steps."""
    return ScriptDirectory.from_config(_config())


def upgrade(connection: sa.Connection) -> None:
    """Take every step that is due, inside the connection's own transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    here = str(Path(__file__).parent)
    config.set_main_option("script_location", here.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
