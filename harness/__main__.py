"""``python -m harness``: every fault of the user's is one line and exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__" and sys.path[:1] == [str(Path.cwd())] != [str(Path(__file__).parents[1])]:
    # `python -m` looks in the current folder first, where a user's own results.py or spaces/ would be taken for ours.
    del sys.path[0]

from harness.cli import app, archive, evaluate, export, inspect, latency, listing, report, run, sweep
from harness.cli.completion import prepare
from results.errors import BadInput

COMMANDS = (run, evaluate, sweep, report, listing, inspect, latency, export, archive)
"""The modules whose import gives ``app`` its commands."""


def main() -> None:
    """Run the command line."""
    try:
        app(prog_name=prepare(sys.argv[1:]))
    except BadInput as error:
        sys.exit(_fail(str(error)))


def _fail(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
