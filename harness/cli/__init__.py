"""The command line: one file a group of commands, each turning options into a call of the harness.

``app`` is complete once the command modules are imported, which ``harness.__main__`` does.
"""

from __future__ import annotations

import typer
from rich.console import Console

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Compare differentiable architecture searches fairly: one space, one split, one clock, several seeds.",
)
console = Console()
