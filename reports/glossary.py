"""What each number of the page means, one click from where it stands."""

from __future__ import annotations

from results.statistics import FEW, FEWEST_PAIRS, LEVEL, POWER

DEFINITIONS: dict[str, tuple[str, str]] = {
    "n": ("n", "Searches that ended well and were evaluated. Several retrainings of one search count as their mean."),
    "mean": (
        "mean ± sd",
        "Arithmetic mean over the n searches; sd is the standard deviation with ddof = 1, missing at n = 1.",
    ),
    "interval": (
        "95 % interval",
        f"Student's interval of the mean. Below n = {FEW} none is given: the values themselves say more.",
    ),
    "iqm": (
        "interquartile mean",
        f"Mean of the middle half: a quarter of the searches, rounded down, is left out at either end (Agarwal et al., "
        f"NeurIPS 2021). Shown from n = {FEW} on.",
    ),
    "percentile": (
        "percentile",
        "Share of the space's networks that are strictly worse, by test accuracy in the table.",
    ),
    "regret": (
        "regret",
        "Test accuracy of the space's best network minus that of the found one, in percentage points.",
    ),
    "standing": (
        "against the lowest mean",
        f"Worse: the adjusted test tells it from the method of the lowest mean at {100 * LEVEL:.0f} %. Not told apart: "
        f"it does not. No test: fewer than {FEWEST_PAIRS} common seeds, with which no outcome could have p ≤ "
        f"{100 * LEVEL:.0f} %.",
    ),
    "p": (
        "p, adjusted",
        "Two-sided sign-flip test (Fisher's randomisation) of the mean paired difference over common seeds; exact up "
        "to 13 pairs. Adjusted by Holm's step-down over all tested pairs of one data set.",
    ),
    "improvement": (
        "P(improvement)",
        "Probability that a search of the first has a lower error than one of the second, over all pairs of searches "
        "whatever their seeds, ties counting half (Agarwal et al., 2021). It is no test.",
    ),
    "power": (
        "seeds that would tell",
        f"Simulated: normal differences with the mean and deviation seen, the sign-flip test at 5 % divided by the "
        f"number of pairs, until {100 * POWER:.0f} % of the samples are significant. Rough where few seeds gave it.",
    ),
    "pareto": (
        "Pareto front",
        "Methods of which no other has both a lower mean error and a lower mean cost. By means alone, no test.",
    ),
    "front": (
        "exact front",
        "The networks of the whole space of which no other has both a lower error and a lower cost, by its table and, "
        "of latencies, by what was measured on the device.",
    ),
    "cost": (
        "search cost",
        "Multiply-adds executed by the search, and its seconds on the recorded device; diagnostics and evaluation are "
        "not counted.",
    ),
    "ranks": (
        "critical difference",
        "Mean ranks over blocks, Friedman's test, then Nemenyi's (Demšar, JMLR 2006).",
    ),
    "profiles": ("performance profile", "Share of results with at most so much regret (Dolan and Moré, 2002)."),
    "skip": ("skip ratio", "Skips divided by the edges that are not none."),
    "entropy": ("entropy of α", "Mean over the edges of the mix's entropy, divided by ln(number of operations)."),
    "lambda": ("λ_max", "Largest eigenvalue of the Hessian of the validation loss in α, on one fixed batch."),
}
"""Title and definition by key; the page has an anchor ``def-KEY`` for each."""

_STARTS = {
    "95 % interval": "interval",
    "n": "n",
    "p": "p",
    "P(": "improvement",
    "Percentile": "percentile",
    "Regret": "regret",
    "Test error (%), mean": "mean",
    "Hypervolume": "front",
    "IGD": "front",
    "Search cost": "cost",
    "Cost (": "cost",
    "Skips (% of edges": "skip",
    "Entropy": "entropy",
    "λ_max": "lambda",
}


def defined(header: str) -> str:
    """The key of the definition that a table's header calls for; empty where none does."""
    if header in ("n", "p"):
        return header
    return next((key for start, key in _STARTS.items() if len(start) > 1 and header.startswith(start)), "")
