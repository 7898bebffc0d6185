"""What came out of a run: the record schema, the run folder, statistics, published figures. Frames in, frames out.

- ``metrics``: the one registry of what a record holds besides hyperparameters.
- ``schema``: the frames of records and history, built from rows.
- ``records``: which records are searches' own, which have an error, what a retraining has of its search.
- ``store``: the run folder, written by ``Store`` and read by ``load``. ``atomic``: files that are whole or absent.
- ``archive``: one small file of a run's records and histories, which ``load`` reads as well.
- ``published``: the figures of the RARTS paper's tables, shown beside ours and never mixed with them.
- ``statistics``: means with Student's intervals, paired differences, Holm, power by simulation, Friedman's test.
- ``pairs``, ``answer``: every two methods against each other, and what that decides.
- ``sweeps``: a sweep's settings side by side. ``latency_changes``: how hyperparameters change latency, as in Table 2.
- ``claims``: the paper's claims and what records say of them. ``claimed``: the same of what other papers claim.
- ``fronts``: the exact Pareto front of a space, and how near to it comes what was found.
- ``comparison``: the tables a report shows, computed from records.
- ``summary``: what a run says at a glance: ``Run.summary``, ``Run.compare`` and its table in a notebook.
- ``registry``, ``lookup``: names of what can be chosen, and the nearest to a misspelt one.
- ``declared``: what classes say of themselves, read without importing them.
- ``errors``: ``BadInput``, what every folder raises for a fault the user can mend.

Imports neither torch nor any other folder of the house.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.metrics import describe
    from results.store import Run, load

__all__ = ["Run", "describe", "load"]


def __getattr__(name: str) -> object:
    """``Run``, ``load`` and ``describe``, imported when asked for: a typing mistake is refused without pandas."""
    if name not in __all__:
        raise AttributeError(f"module 'results' has no attribute {name!r}")
    from results import metrics, store

    return getattr(metrics if name == "describe" else store, name)
