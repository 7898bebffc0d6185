"""``python -m harness``: every fault of the user's is one line and exit code 2."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

if __name__ == "__main__":
    # What is imported stays: collecting garbage on the way finds none, and takes a tenth of what help or a list costs.
    gc.disable()
    if sys.path[:1] == [str(Path.cwd())] != [str(Path(__file__).parents[1])]:
        # `python -m` looks here first, where a user's own results.py or spaces/ would be taken for ours.
        del sys.path[0]

from harness.cli import app, archive, correlate, doctor, evaluate, export, inspect, latency, listing, report, run, sweep
from harness.cli.completion import prepare
from harness.cli.output import Outlived, outlived
from results.atomic import NO_ROOM, no_room
from results.errors import BadInput

gc.freeze()
gc.enable()

COMMANDS = (run, evaluate, sweep, report, listing, inspect, correlate, latency, export, archive, doctor)
"""The modules whose import gives ``app`` its commands."""


def main() -> None:
    """Run the command line.

    Exits 0; 1 where a trial failed or what was said could not be written; 2 for what the user can mend; 130 after an
    interrupt. A reader that closes the pipe of the output ends nothing and changes no exit code.
    """
    with outlived() as out:
        code = _run()
        out.flush()
        sys.exit(code or _lost(out))


def _run() -> int:
    """The exit code."""
    try:
        app(prog_name=prepare(sys.argv[1:]))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BadInput as error:
        return _fail(str(error), 2)
    except OSError as error:
        if error.errno in NO_ROOM:
            return _fail(no_room(error.filename or "a file", error), 2)
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}; give another path", 2)
    return 0


def _lost(out: Outlived) -> int:
    """1 where output was lost that somebody waits for, after saying so."""
    return 0 if out.lost is None else _fail(f"cannot write the standard output ({out.lost.strerror})", 1)


def _fail(message: str, code: int) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
