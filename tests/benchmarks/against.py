"""An iteration of this code beside an older commit's, in one process: ``python -m benchmarks.against --help``.

Run from the checkout with ``PYTHONPATH=.:tests``. Both take turns with matrix products of as many multiply-adds, so
that a busy machine slows all three alike; one thread, CPU time, the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import importlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.sizes import DEPTHWISE, SIZES, Size, cpu_seconds, product

PACKAGES = ("algorithms", "spaces", "results", "searches")
"""What a search is made of; ``searches`` is the tests' helper that makes one."""


KNOWN = SIZES | DEPTHWISE


@contextmanager
def imported_from(root: Path) -> Iterator[None]:
    """Inside, ``import`` finds PACKAGES under ``root``; what was imported before is back afterwards."""

    def take_out() -> dict[str, Any]:
        names = [name for name in sys.modules if name.split(".")[0] in PACKAGES]
        return {name: sys.modules.pop(name) for name in names}

    before, paths = take_out(), [str(root), str(root / "tests")]
    sys.path[:0] = paths
    importlib.invalidate_caches()
    try:
        yield
    finally:
        del sys.path[: len(paths)]
        take_out()
        sys.modules.update(before)


def extracted(commit: str, folder: str) -> Path:
    """The files of ``commit`` under ``folder``."""
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return Path(folder)


def iteration(root: Path, size: Size, algorithm: str = "darts1") -> tuple[Any, Any]:
    """A search by the code under ``root``, and a call that runs one iteration of it."""
    with imported_from(root):
        searches, spaces = importlib.import_module("searches"), importlib.import_module("spaces")
        cls = spaces.SPACES[size.space]
        search = searches.make_search(algorithm, cls(cls.Options(**size.options)))
        train, val = (searches.make_batch(half, size.images, size.side) for half in ("train", "val"))
        search.step(train, val)  # what is imported only when first used is imported here
    return search, lambda: search.step(train, val)


def compared(name: str, roots: dict[str, Path], rounds: int) -> None:
    """Print both codes' shares of the matrix product's speed at one size, and the ratio of their times."""
    made = {code: iteration(root, KNOWN[name]) for code, root in roots.items()}
    macs = {search.counts.macs for search, _ in made.values()}
    assert len(macs) == 1, f"the two codes count different multiply-adds: {macs}"
    runs = {"product": product(macs.pop())} | {code: run for code, (_, run) in made.items()}
    for run in runs.values():
        run()
    seconds = np.array([[cpu_seconds(run) for run in runs.values()] for _ in range(rounds)])
    limit, before, after = seconds.T
    for label, values in (("share before", limit / before), ("share after", limit / after), ("ratio", before / after)):
        low, median, high = np.percentile(values, [25, 50, 75])
        print(f"{name:24} {label:12} {median:6.3f}   quartiles {low:.3f} to {high:.3f}", flush=True)
    took = ", ".join(f"{code} {1e3 * t:.0f}" for code, t in zip(runs, np.median(seconds, 0), strict=True))
    print(f"{name:24} CPU ms: {took}; {rounds} rounds", flush=True)


def main() -> None:
    """Compare at every size, or at those named."""
    parser = argparse.ArgumentParser(description="DARTS-1's iteration: this code against an older commit's.")
    parser.add_argument("commit", help="the older commit, or a folder that holds its files")
    parser.add_argument("--size", action="append", choices=list(KNOWN), help="all by default")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    here = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory() as folder:
        old = Path(options.commit) if Path(options.commit).is_dir() else extracted(options.commit, folder)
        for name in options.size or KNOWN:
            compared(name, {"before": old, "after": here}, options.rounds)


if __name__ == "__main__":
    main()
