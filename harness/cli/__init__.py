"""The command line: one file a group of commands, each turning options into a call of ``harness.api``.

``app`` is complete once the command modules are imported, which ``harness.__main__`` does. A command imports what
searches and draws in its own body: help, lists and a refused name must not wait for torch.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from harness import __version__

app = typer.Typer(name="harness", no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"diffnas-harness {__version__}")
        raise typer.Exit


@app.callback()
def describe_package(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print it and end")
    ] = False,
) -> None:
    """Compare differentiable architecture searches fairly: one space, one split, one clock, several seeds."""
