"""Every cell that was found, drawn once, with the searches that found it and its test errors."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from reports import cell_svg
from reports.formats import listed
from reports.neutral import neutral_value
from reports.rows import Methods

_NEEDED = ("genotype", "edges", "layer_widths", "algorithm", "variant", "seed", "eval_dataset", "test_error")


@dataclass(frozen=True)
class Found:
    """One cell. ``key`` is its id in the page, ``edges`` what files are drawn from."""

    key: str
    title: str
    caption: str
    genotype: str
    edges: list[dict[str, object]]
    drawing: Markup


def found_cells(records: pd.DataFrame, named: Methods, prefix: str) -> list[Found]:
    """The cells of the records, in their order; a chain of pruned layers is no cell."""
    records = records[[*_NEEDED]]
    known = records[records["genotype"].notna() & records["edges"].notna() & records["layer_widths"].isna()]
    made: list[Found] = []
    for genotype, group in known.groupby("genotype", sort=False):
        edges = neutral_value(json.loads(str(group["edges"].iloc[0])))
        if not edges:
            continue
        errors = group.dropna(subset=["test_error"]).groupby("eval_dataset", sort=False)["test_error"]
        shown = ", ".join(f"{dataset} {listed(same.unique())} %" for dataset, same in errors)
        caption = f"Test error: {shown}. {genotype}" if shown else str(genotype)
        key = f"{prefix}cell-{len(made) + 1}"
        made.append(Found(key, _finders(group, named), caption, str(genotype), edges, cell_svg.draw(edges)))
    return made


def _finders(group: pd.DataFrame, named: Methods) -> str:
    """``RARTS, seeds 0, 2; DARTS-1, seed 1``: who found a cell."""
    searches = group.drop_duplicates(["algorithm", "variant", "seed"]).sort_values("seed", kind="stable")
    texts = []
    for (algorithm, variant), same in searches.groupby(["algorithm", "variant"], sort=False):
        seeds = [str(seed) for seed in same["seed"].dropna()]
        texts.append(f"{named.label(str(algorithm), str(variant))}, seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}")
    return "; ".join(texts)
