"""A user's own folder: an algorithm and a space in files of one's own, beside files named as the harness's packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SEARCH = '''"""First-order DARTS with two steps of α for one of the weights."""

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.darts import Darts1
from spaces.base import Batch


@ALGORITHMS.register
class Twice(Darts1):
    """Two steps of α, one of w: 3F + B + 2Bα."""

    name = "twice"
    title = "DARTS-1, twice"
    traits = ("steady", "softmax", "logits", "mixture")
    cost = Cost(3, 1, 2)
    source = "a file of one's own"

    def step(self, train: Batch, val: Batch) -> None:
        """α, α again from where it is then, and w."""
        for _ in range(2):
            self.alpha.descend(self.grad_alpha(self.w, val))
        self.w.descend(self.grad_w(self.w, train))
'''

SPACE = '''"""NAS-Bench-201's cells, two channels wide, with settings for the quick protocol."""

from harness.config.names import add_settings
from spaces import SPACES
from spaces.nats import Nats


@SPACES.register
class Narrow(Nats):
    """Cells of two channels."""

    name = "narrow"


add_settings(
    "quick",
    "narrow",
    {
        "stands_for": "a test",
        "budget": {"kind": "epochs", "amount": 1},
        "options": {"channels": 2, "cells": 1},
        "settings": {
            "dataset": "digits",
            "eval_datasets": ["digits"],
            "image_size": 8,
            "batch_size": 128,
            "evaluation": {"channels": 2, "cells": 1, "epochs": 1, "batch_size": 128},
            "diagnostics": {"subset": 64, "lambda_every": 0, "lambda_batch": 16},
        },
    },
)
'''

OURS = ("algorithms", "spaces", "results", "reports")
"""Packages of the harness that a user's file may be named after."""


def write_folder(folder: Path) -> Path:
    """A folder whose own ``results.py`` and so on end the process that imports them, with the two plug-ins."""
    for name in OURS[:2]:
        (folder / f"{name}.py").write_text("raise SystemExit('the file of the user was imported')")
    for name in OURS[2:]:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('the file of the user was imported')")
    (folder / "my_search.py").write_text(SEARCH)
    (folder / "my_space.py").write_text(SPACE)
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, in that folder."""
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
