"""The command line: one file a group of commands, each turning options into a call of ``harness.api``.

``app`` is complete once the command modules are imported, which ``harness.__main__`` does. A command imports what
searches and draws in its own body: help, lists and a refused name must not wait for torch.

- ``run``, ``sweep``, ``evaluate``, ``correlate``: the commands of these names. ``report``: it and ``reproduce``.
- ``latency``, ``doctor``, ``export``, ``archive``: the commands of these names.
- ``inspect``: ``score``, ``describe`` and ``show``. ``listing``: ``list``.
- ``options``: the options that several commands share.
- ``complete``, ``completion``: what the shell offers for a value, and how it learns to.
- ``output``: standard output that may go away.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from harness import __version__

CONTROL = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
"""What a terminal would obey and not show: an escape character in a run's record or a folder's name."""


class Terminal(Console):
    """A console that shows text as it stands: no markup, no emoji codes, no control characters of another's making."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """``text`` as rich shows it, without what a terminal would obey."""
        return super().render_str(text.translate(CONTROL), **options)


app = typer.Typer(name="harness", no_args_is_help=True, pretty_exceptions_enable=False)
console = Terminal()


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
