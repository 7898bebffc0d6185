"""``--show-completion`` and ``--install-completion``: for the installed command, for a shell completes no modules."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from results.errors import BadInput

COMMAND = "diffnas"
"""What pip installs; what follows ``python -m`` no shell completes."""

OPTIONS = ("--show-completion", "--install-completion")


def prepare(words: Sequence[str]) -> str | None:
    """The name under which the command line is to answer: that of the installed command where completion is asked for.

    Raises
    ------
    BadInput
        Where completion is asked for and the command is not installed, or the shell is unknown.
    """
    if not any(word in OPTIONS for word in words):
        return None
    if shutil.which(COMMAND) is None:
        raise BadInput(f"completion is for the command `{COMMAND}`, which is not on PATH: install the package with pip")
    if _shell() is None:
        raise BadInput("this is run from no shell that can be completed: run it from bash, zsh, fish or PowerShell")
    return COMMAND


def _shell() -> str | None:
    """The shell that this is run from."""
    import shellingham

    try:
        name: str = shellingham.detect_shell(os.getpid())[0]
    except (shellingham.ShellDetectionFailure, NotImplementedError):
        return None
    return name if name in ("bash", "zsh", "fish", "powershell", "pwsh") else None
