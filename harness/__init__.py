"""Who runs it: command line, configuration, data and its split, one trial, Ray Tune, clock and checkpoints.

``compare`` and ``sweep`` do what the commands ``run`` and ``sweep`` do; ``plan`` and ``run`` are their two halves. They
are imported when asked for, so that importing ``harness`` imports no torch.

- ``api``: these functions. ``reproduce``: the paper's experiments as requests. ``__main__``: ``python -m harness``.
- ``cli``: the command line. ``config``: what is asked. ``planning``: the trials that answer it, or why there are none.
- ``execution``: trials run. ``training``: networks trained. ``measuring``: what a record says.
- ``data``: data sets, splits and batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.api import Options, compare, plan, run, sweep

__version__ = "0.1.0"

__all__ = ["Options", "__version__", "compare", "plan", "run", "sweep"]


def __getattr__(name: str) -> object:
    """A public function, from the module that defines it."""
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    from harness import api

    return getattr(api, name)
