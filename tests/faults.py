"""Running the command line where it must refuse: one line on stderr, exit code 2, and nothing run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.__main__ import main

RUN = "run --serial --seeds 0"


class Faults:
    """Runs the command line in this process, and returns the one line that it ends with."""

    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], folder: Path) -> None:
        self.patch, self.capture, self.folder = patch, capture, folder

    def __call__(self, *arguments: str | Path) -> str:
        words = [*str(arguments[0]).split(), *map(str, arguments[1:])]
        self.patch.setattr(sys, "argv", ["harness", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        error = self.capture.readouterr().err
        assert ended.value.code == 2, error
        assert error.startswith("error: ")
        assert error.count("\n") == 1 and error.endswith("\n")
        assert not list(self.folder.rglob("trials"))
        return error
