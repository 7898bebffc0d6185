"""Which figures a section shows, under which caption, and the cells that its searches found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from reports import figures
from reports.cells import draw_cell
from reports.figures import Looks
from reports.formats import listed, significant
from reports.rows import Methods
from reports.style import save, theme
from results import comparison
from results.metrics import bare

_SKIPS = {"skip_ratio": "skips / edges not none", "skip_ratio_all_edges": "skips / all edges"}


_FEWEST_RANKED = 5  # networks below which a rank correlation says nothing


@dataclass(frozen=True)
class Picture:
    """A figure as written: what the drawing itself is titled, the caption beneath, and its two files."""

    title: str
    caption: str
    svg: Path
    png: Path


class Album:
    """Draws a section's figures into ``folder``, each as PNG and SVG, their names beginning with ``prefix``."""

    def __init__(self, folder: Path, prefix: str, looks: Looks) -> None:
        self.folder, self.prefix, self.looks = folder, prefix, looks

    def searches(self, records: pd.DataFrame, history: pd.DataFrame, mean: bool) -> list[Picture]:
        """What the searches that ended found, and how they went by epoch; ``mean`` where one has a sense."""
        done = records[records["status"] == "done"]
        history = history[history["trial"].isin(done["trial"])]
        with theme():
            made = [*self._found(done), *self._by_epoch(done, history, mean)]
            return [picture for picture in made if picture]

    def _found(self, done: pd.DataFrame) -> list[Picture | None]:
        """Error against cost, widths and sizes of pruned networks, latency."""
        evaluated = _by_kind(done[done["test_error"].notna()])
        return [
            self._picture(
                "error_cost",
                "Test error against search cost. Small: single searches "
                f"({_sizes(evaluated, self.looks)}); large: means.",
                figures.error_against_cost(evaluated, self.looks),
            ),
            self._picture(
                "layer_widths",
                f"Channels kept in each gated layer, a line a search ({_sizes(done, self.looks)}).",
                figures.widths(done, self.looks),
            ),
            self._picture(
                "pruning",
                "Pruned networks: test error against multiply-adds, and what a pruned-channel ratio saves. Small: "
                f"single searches ({_sizes(evaluated, self.looks)}); large: means.",
                figures.against_size(evaluated, self.looks),
            ),
            self._picture("latency", _latency_caption(done), figures.latency(done, self.looks)),
        ]

    def _by_epoch(self, done: pd.DataFrame, history: pd.DataFrame, mean: bool) -> list[Picture | None]:
        """Skip ratio, entropy of α, pruned-channel ratio, λ_max, and the table's accuracy at any time."""
        history = comparison.epochs(history)
        sizes = _sizes(history, self.looks)
        strokes = (
            f"Thin lines: single searches; thick: their mean ({sizes})." if mean else f"A line a search ({sizes})."
        )
        controls = done[(done["role"] == "control") & (done["evaluation"] == "table")]
        errors = controls.groupby(["algorithm", "eval_dataset"], as_index=False)["test_error"].mean()
        levels = {
            (str(algorithm), str(dataset)): 100 - float(error)
            for algorithm, dataset, error in errors[["algorithm", "eval_dataset", "test_error"]].itertuples(index=False)
        }
        measured = {
            "skip_ratio": ("Skip ratio of the current genotype by epoch, in both definitions.", _SKIPS),
            "alpha_entropy": (
                "Entropy of softmax α, mean over the edges, divided by ln(number of operations): 1 is uniform.",
                {"alpha_entropy": "normalised entropy of α"},
            ),
            "prc": ("Pruned-channel ratio of the current genotype by epoch.", {"prc": "pruned-channel ratio"}),
            "lambda_max": ("Largest eigenvalue of the Hessian in α.", {"lambda_max": r"$\lambda_{\max}$"}),
        }
        made = [
            self._picture(name, f"{caption} {strokes}", figures.by_epoch(history, columns, self.looks, mean))
            for name, (caption, columns) in measured.items()
        ]
        anytime = self._picture(
            "anytime",
            f"Test accuracy in the table of the genotype that a search stopped there would give. {strokes}"
            + (" Dashed: mean of random search's picks." if levels else ""),
            figures.anytime(comparison.anytime(history, done), levels, self.looks, mean),
        )
        return [*made, anytime]

    def sensitivities(self, records: pd.DataFrame, varied: Sequence[str]) -> list[Picture]:
        """Test error by the value of each hyperparameter that was ``varied``."""
        with theme():
            made = [
                self._picture(
                    f"sensitivity_{bare(column)}",
                    f"Test error by {bare(column)}. Small marks: single searches; lines: means with their 95 % "
                    "bootstrap intervals.",
                    figures.sensitivity(_by_kind(comparison.sensitivity(records, column)), column, self.looks),
                )
                for column in varied
            ]
        return [picture for picture in made if picture]

    def cells(self, records: pd.DataFrame, named: Methods) -> list[Picture]:
        """Every cell that was found, drawn once, with the searches that found it and its test errors."""
        cells = records["layer_widths"].isna()  # a chain of pruned layers is no cell
        found = records[records["genotype"].notna() & records["edges"].notna() & cells]
        found = found.assign(edges=found["edges"].map(json.loads))
        found = found[found["edges"].map(len) > 0]
        pictures = []
        for i, (genotype, group) in enumerate(found.groupby("genotype", sort=False), start=1):
            errors = group.dropna(subset=["test_error"]).groupby("eval_dataset", sort=False)["test_error"]
            shown = ", ".join(f"{dataset} {listed(same.unique())} %" for dataset, same in errors)
            caption = f"Test error: {shown}. {genotype}" if shown else str(genotype)
            title, edges = _finders(group, named), group["edges"].iloc[0]
            paths = [self.folder / f"{self.prefix}cell_{i}.{suffix}" for suffix in ("svg", "png")]
            pictures.append(Picture(title, caption, *(draw_cell(edges, path, title) for path in paths)))
        return pictures

    def _picture(self, key: str, caption: str, drawing: Figure | None) -> Picture | None:
        if drawing is None:
            return None
        stem = f"{self.prefix}{key}"
        svg, png = (save(drawing, self.folder / f"{stem}.{suffix}") for suffix in ("svg", "png"))
        return Picture("", caption, svg, png)


def _latency_caption(done: pd.DataFrame) -> str:
    """What the points are, and how alike the two orders are."""
    known = done.dropna(subset=["latency_ms", "latency_predicted_ms"])
    networks = known.groupby(["eval_dataset", "genotype"], sort=False)[["latency_ms", "latency_predicted_ms"]].mean()
    orders = [
        f"{dataset}: Spearman's ρ = {significant(own['latency_ms'].corr(own['latency_predicted_ms'], 'spearman'))} "
        f"over {len(own)} networks."
        for dataset, own in networks.groupby("eval_dataset", sort=False)
        if len(own) >= _FEWEST_RANKED
    ]
    measured = "Measured latency of each found network, with the interquartile range, against the latency table's sum."
    return " ".join([measured, *orders])


def _finders(group: pd.DataFrame, named: Methods) -> str:
    """``RARTS, seeds 0, 2; DARTS-1, seed 1``: who found a cell."""
    searches = group.drop_duplicates(["algorithm", "variant", "seed"]).sort_values("seed", kind="stable")
    texts = []
    for (algorithm, variant), same in searches.groupby(["algorithm", "variant"], sort=False):
        seeds = [str(seed) for seed in same["seed"].dropna()]
        texts.append(f"{named.label(str(algorithm), str(variant))}, seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}")
    return "; ".join(texts)


def _by_kind(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the kind of evaluation in its data sets' names, where it holds more than one kind."""
    if frame["evaluation"].nunique() < 2:
        return frame
    return frame.assign(eval_dataset=frame["eval_dataset"] + " (" + frame["evaluation"] + ")")


def _sizes(frame: pd.DataFrame, looks: Looks) -> str:
    """How many searches of each algorithm a figure shows."""
    counts = frame.drop_duplicates("trial")["algorithm"].value_counts()
    return ", ".join(f"{look.title} n = {counts[name]}" for name, look in looks.items() if name in counts)
