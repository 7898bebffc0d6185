"""What a run decides: the best, those not told apart from it, how many seeds would tell. No stronger than a test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from results.pairs import Method, Pairs, beats, compare
from results.records import is_search, judged
from results.statistics import LEVEL, seeds_needed

CLOSEST = 2
"""For so many of the methods nearest to the best one, the number of seeds that would tell is simulated."""


@dataclass(frozen=True)
class Lost:
    """Searches of one method that are in no mean."""

    searches: int
    diverged: int
    failed: int


@dataclass(frozen=True)
class Verdict:
    """The answer on one data set by one kind of evaluation.

    Attributes
    ----------
    dataset, evaluation
        What was measured.
    pairs
        Every pair of methods, the lowest mean first.
    worse
        Methods certainly worse than the one of the lowest mean, by the adjusted test.
    equals
        Methods that the test does not tell from it.
    contrary
        Methods certainly better than it in their common seeds, though their mean over all of theirs is higher.
    untested
        Those of ``equals`` with too few common seeds for any test.
    needed
        For some of ``equals``: pairs of seeds that would tell, by simulation; None where it cannot be said.
    below, above
        For each control: the methods certainly better, and certainly worse, than it.
    """

    dataset: str
    evaluation: str
    pairs: Pairs
    worse: tuple[Method, ...] = ()
    equals: tuple[Method, ...] = ()
    contrary: tuple[Method, ...] = ()
    untested: tuple[Method, ...] = ()
    needed: Mapping[Method, int | None] = field(default_factory=dict)
    below: Mapping[Method, tuple[Method, ...]] = field(default_factory=dict)
    above: Mapping[Method, tuple[Method, ...]] = field(default_factory=dict)

    @property
    def best(self) -> Method:
        """The method of the lowest mean, which need not be certainly the best."""
        return self.pairs.methods[0]


@dataclass(frozen=True)
class Answer:
    """What the records of one setting decide."""

    verdicts: tuple[Verdict, ...]
    lost: Mapping[Method, Lost]
    """Methods with searches that did not end well."""
    searches: Lost
    """Of all methods together."""

    def reversals(self) -> list[tuple[Method, Method, str, str]]:
        """Pairs of which each is certainly the better one on some data set: better, worse, where, where not."""
        found = []
        for i, one in enumerate(self.verdicts):
            for other in self.verdicts[i + 1 :]:
                for (a, b), pair in one.pairs.pairs.items():
                    known = {a, b} <= set(other.pairs.methods)
                    if known and beats(pair) and beats(other.pairs.of(b, a)):
                        found.append((a, b, one.dataset, other.dataset))
        return found


def answer(records: pd.DataFrame) -> Answer:
    """The answer of the records of one protocol, space and searched data set."""
    done = judged(records)
    controls = {
        (str(row.algorithm), str(row.variant)) for row in records[records["role"] == "control"].itertuples(index=False)
    }
    # The searched data set first: what the searches were made for.
    here = done["eval_dataset"] == done["search_dataset"]
    groups = pd.concat([done[here], done[~here]]).groupby(["eval_dataset", "evaluation"], sort=False)
    verdicts = [_verdict(str(name), str(kind), compare(group), controls) for (name, kind), group in groups]
    # Networks trained to evaluate a search are no searches.
    searches = records[is_search(records)].drop_duplicates("trial")
    lost = {
        (str(algorithm), str(variant)): counted
        for (algorithm, variant), own in searches.groupby(["algorithm", "variant"], sort=False)
        if (counted := _lost(own)).diverged or counted.failed
    }
    return Answer(tuple(verdicts), lost, _lost(searches))


def _verdict(dataset: str, evaluation: str, pairs: Pairs, controls: set[Method]) -> Verdict:
    best, *others = pairs.methods
    worse = tuple(m for m in others if beats(pairs.of(best, m)))
    contrary = tuple(m for m in others if beats(pairs.of(m, best)))
    equals = tuple(m for m in others if m not in (*worse, *contrary))
    untested = tuple(m for m in equals if math.isnan(pairs.of(best, m).p))
    # Holm's first step, the hardest: so that what is promised holds wherever the pair stands among the others.
    level = LEVEL / max(1, len(pairs.pairs))
    needed = {m: seeds_needed(pairs.of(best, m).values, level) for m in equals[:CLOSEST]}
    present = [m for m in pairs.methods if m in controls]
    rest = [m for m in pairs.methods if m not in controls]
    below = {control: tuple(m for m in rest if beats(pairs.of(m, control))) for control in present}
    above = {control: tuple(m for m in rest if beats(pairs.of(control, m))) for control in present}
    return Verdict(dataset, evaluation, pairs, worse, equals, contrary, untested, needed, below, above)


def _lost(searches: pd.DataFrame) -> Lost:
    status = searches["status"].value_counts()
    return Lost(len(searches), int(status.get("diverged", 0)), int(status.get("failed", 0)))
