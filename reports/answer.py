"""The answer in plain English: sentences from ``results.answer``, which never say more than its tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports import formats as f
from reports.rows import Methods
from results.answer import Answer, Lost, Verdict
from results.pairs import Method
from results.statistics import FEW, FEWEST_PAIRS, MOST_SEEDS, POWER

NAMED = 4
"""So many methods are named in a sentence; further ones are counted."""


@dataclass(frozen=True)
class Paragraph:
    """What is said of one data set, or of the run as a whole where ``about`` is empty."""

    about: str
    text: str


def paragraphs(answer: Answer, named: Methods) -> list[Paragraph]:
    """The answer: a paragraph a data set, and one of what holds for all.

    Parameters
    ----------
    answer
        Of one setting.
    named
        What to call the methods.
    """
    if not answer.verdicts:
        return [Paragraph("", _nothing(answer.searches))]
    several = len({verdict.evaluation for verdict in answer.verdicts}) > 1
    made = []
    for verdict in answer.verdicts:
        about = f"{verdict.dataset} ({verdict.evaluation})" if several else verdict.dataset
        sentences = [_first(verdict, named), *_seeds(verdict, named), *_controls(verdict, named)]
        made.append(Paragraph(about, " ".join(sentences)))
    overall = " ".join([*_between(answer, named), *_losses(answer, named)])
    return [*made, Paragraph("", overall)] if overall else made


def _nothing(lost: Lost) -> str:
    if not lost.searches:
        return "No search has ended yet: there is nothing to compare."
    if not lost.diverged + lost.failed:
        return f"None of the {lost.searches} searches was evaluated: there is no test error to compare."
    fates = [f"{count} {word}" for count, word in ((lost.diverged, "diverged"), (lost.failed, "failed")) if count]
    rest = lost.searches - lost.diverged - lost.failed
    fates += [f"{rest} ended without an evaluation"] if rest else []
    return f"No search gave a test error: of {lost.searches}, {_and(fates)}. There is nothing to compare."


def _first(verdict: Verdict, named: Methods) -> str:
    """Who is best, and who cannot be told from it."""
    best, pairs = verdict.best, verdict.pairs
    name, mean = named.label(*best), _mean(verdict, best)
    if len(pairs.methods) == 1:
        return f"Only {name} has a test error: {mean}. There is nothing to compare it with."
    if not verdict.equals and not verdict.contrary:
        others = "the other" if len(verdict.worse) == 1 else f"each of the {len(verdict.worse)} others"
        return f"{name} is the best: {mean}, certainly lower than that of {others} ({_tests(verdict)})."
    said = [f"{name} has the lowest mean test error, {mean}."]
    if verdict.worse:
        said.append(f"It is certainly lower than that of {_names(verdict.worse, named)} ({_tests(verdict)}).")
    if verdict.contrary:
        said.append(f"Yet over common seeds {_names(verdict.contrary, named)} did certainly better.")
    if not verdict.equals:
        return " ".join(said)
    if len(verdict.untested) == len(pairs.methods) - 1:
        if all(len(errors) == 1 for errors in pairs.errors.values()):
            return " ".join([*said, "One search each shows no spread: which is better cannot be said."])
        return (
            f"{said[0][:-1]}, and is the best among {_equals(verdict)} by its mean alone: with fewer than "
            f"{FEWEST_PAIRS} common seeds no test can show a difference, so nothing here is certain."
        )
    apart = f"It cannot be told apart from {_names(verdict.equals, named)}{_weakest(verdict)}"
    return " ".join([*said, f"{apart}: {name} is the best among {_equals(verdict)} by its mean alone."])


def _tests(verdict: Verdict) -> str:
    """What the word “certainly” rests on."""
    made = [verdict.pairs.of(verdict.best, other) for other in verdict.worse]
    seeds = sorted({len(pair.values) for pair in made})
    common = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    p = max(pair.adjusted for pair in made)
    return f"sign-flip tests over {common} common seeds, Holm-adjusted p ≤ {f.significant(p, 2)}"


def _weakest(verdict: Verdict) -> str:
    """Why not: the smallest adjusted p among the equals, and how many were not tested at all."""
    tested = [verdict.pairs.of(verdict.best, other) for other in verdict.equals if other not in verdict.untested]
    said = []
    if tested:
        p = min(pair.adjusted for pair in tested)
        said.append(f"adjusted p {'=' if len(tested) == 1 else '≥'} {f.significant(p, 2)}")
    if verdict.untested and tested:
        said.append(f"{len(verdict.untested)} without a test, for want of {FEWEST_PAIRS} common seeds")
    elif verdict.untested:
        said.append(f"fewer than {FEWEST_PAIRS} common seeds, so no test")
    return f" ({'; '.join(said)})" if said else ""


def _equals(verdict: Verdict) -> str:
    return f"{len(verdict.equals) + 1} equals"


def _seeds(verdict: Verdict, named: Methods) -> list[str]:
    """How many seeds would tell the best from its nearest equals."""
    known = {other: n for other, n in verdict.needed.items() if len(verdict.pairs.of(verdict.best, other).values) > 1}
    told = [f"{n} seeds from {named.label(*other)}" for other, n in known.items() if n is not None]
    never = [named.label(*other) for other, n in known.items() if n is None]
    best, said = named.label(*verdict.best), []
    if told:
        fewest = min(len(verdict.pairs.of(verdict.best, other).values) for other in known)
        rough = f"; rough, for the spread is that of {fewest} seeds" if fewest < FEW else ""
        said.append(
            f"To tell {best} apart would take about {_and(told)} (simulated, power {100 * POWER:.0f} %{rough})."
        )
    if never:
        said.append(f"Even {MOST_SEEDS} seeds would not tell {best} from {_and(never)} at the spread seen.")
    return said


def _controls(verdict: Verdict, named: Methods) -> list[str]:
    """Who is certainly better or worse than a control, where a test says so of anybody."""
    said = []
    for control, better in verdict.below.items():
        worse = verdict.above[control]
        parts = [f"certainly better than {named.label(*control)}: {_names(better, named)}"] if better else []
        parts += [f"certainly worse: {_names(worse, named)}"] if worse else []
        if parts and control != verdict.best:
            text = "; ".join(parts)
            said.append(f"{text[0].upper()}{text[1:]}.")
    return said


def _between(answer: Answer, named: Methods) -> list[str]:
    """Whether the data sets agree."""
    best = {verdict.dataset: verdict.best for verdict in answer.verdicts}
    if len(set(best.values())) < 2:
        return []
    stated = _and([f"{named.label(*method)} on {dataset}" for dataset, method in best.items()])
    said = f"The data sets disagree on the lowest mean: {stated}."
    reversals = answer.reversals()
    if not reversals:
        return [said, "No test shows any two methods in opposite orders on two data sets."]
    better, worse, here, there = reversals[0]
    more = f" (and {len(reversals) - 1} more such pairs)" if len(reversals) > 1 else ""
    return [
        said,
        f"{named.label(*better)} is certainly better than {named.label(*worse)} on {here} and certainly worse on "
        f"{there}{more}.",
    ]


def _losses(answer: Answer, named: Methods) -> list[str]:
    parts = []
    for method, lost in answer.lost.items():
        fates = [f"{count} {word}" for count, word in ((lost.diverged, "diverged"), (lost.failed, "failed")) if count]
        parts.append(f"{named.label(*method)} ({_and(fates)} of {lost.searches})")
    if not parts:
        return []
    shown = parts if len(parts) <= NAMED else [*parts[: NAMED - 1], f"{len(parts) - NAMED + 1} others"]
    return [f"Searches that did not end well are in no mean: {_and(shown)}."]


def _mean(verdict: Verdict, method: Method) -> str:
    errors = verdict.pairs.errors[method]
    mean, n = f.fixed(sum(errors.values()) / len(errors)), len(errors)
    if n == 1:
        return f"{mean} % (n = 1)"
    values = f": {f.listed(errors[seed] for seed in sorted(errors))}" if n < FEW else ""
    return f"{mean} % (n = {n}{values})"


def _names(methods: Sequence[Method], named: Methods) -> str:
    labels = [named.label(*method) for method in methods]
    if len(labels) > NAMED:
        labels = [*labels[: NAMED - 1], f"{len(labels) - NAMED + 1} others"]
    return _and(labels)


def _and(parts: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
