"""The command line: one file a group of commands, each turning options into a call of the harness.

``app`` is complete once the command modules are imported, which ``harness.__main__`` does.
"""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.text import Text

CONTROL = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
"""What a terminal would obey and not show: an escape character in a run's record or a folder's name."""


class Terminal(Console):
    """A console that shows text as it stands: no markup, no emoji codes, no control characters of another's making."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """``text`` as rich shows it, without what a terminal would obey."""
        return super().render_str(text.translate(CONTROL), **options)


app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Compare differentiable architecture searches fairly: one space, one split, one clock, several seeds.",
)
console = Terminal()
