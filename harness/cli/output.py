"""Standard output and error that may go away: whoever reads them closes the pipe, or the disk behind them fills up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, TextIO


class Outlived:
    """A text stream whose end does not end the program: what cannot be written any more is dropped.

    ``lost`` is the error of the first write that failed; a pipe that its reader closed is none.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.lost: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write, or drop ``text``; returns its length."""
        try:
            return self.stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Flush, or drop what was kept."""
        try:
            self.stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """From now on write to nowhere, so that the interpreter's own flush at the end finds a place as well."""
        if not isinstance(error, BrokenPipeError):
            self.lost = self.lost or error
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)


@contextmanager
def outlived() -> Iterator[Outlived]:
    """Put ``Outlived`` streams in the place of standard output and error inside the block; yields that of the output.

    Where the shell closed one of the three, it is opened on nothing: else the next file that is opened would be it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Greek, a folder's name without a meaning
    out, err = (Outlived(stream if stream is not None else _nowhere()) for stream in before)
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it lives as long as the program
