"""How `config check` and `inventory check` say what is wrong."""

from collections.abc import Sequence

import click

from netguard.cli.common import App, print_json
from netguard.config.problems import Problem, errors
from netguard.errors import Exit


def report(app: App, problems: Sequence[Problem], good: str) -> int:
    """Print problems, one a line or as JSON, or that all is good; return the exit code."""
    wrong = errors(problems)
    if app.json:
        print_json(problems)
    else:
        for problem in problems:
            click.echo(f"{'warning: ' if problem.severity == 'warning' else ''}{problem}")
        if not wrong:
            click.echo(good)
    return Exit.USAGE if wrong else Exit.DONE
