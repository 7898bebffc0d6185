"""The report's tables. Each is built from one frame of ``results.comparison`` or of records."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

import pandas as pd

from reports import formats as f
from reports.dynamics import keys
from reports.rows import Methods, counts, kinds, names, ordered
from reports.table import Table, table
from results import metrics
from results.records import judged
from results.statistics import FEW, FEWEST_PAIRS, friedman

EVERY = f"Below n = {FEW} there is no interval, for the values say more; they are shown in the order of seeds."

LONGEST = 200
"""Characters of a genotype shown: one of channels may have thousands. The table's file has all of them."""


def accuracy(compared: pd.DataFrame, costs: pd.DataFrame, published: pd.DataFrame, named: Methods) -> Table:
    """The paper's Table 4 in our form: test error beside the published figure, skip ratios, and what the search cost.

    ``published`` holds the paper's rows (columns ``dataset``, ``algorithm``, ``test_error``, ``skip_ratio_pct``, …) of
    this space; those of algorithms that were not run are added where another row of their data set is compared.
    """
    rows = compared.merge(costs[["algorithm", "variant", "search_macs_mean"]], on=["algorithm", "variant"], how="left")
    rows = ordered(pd.concat([rows, _not_run(rows, published)], ignore_index=True), named)
    divisor, macs = f.engineering(rows["search_macs_mean"], "multiply-adds")
    few = rows["n"] < FEW
    shown = {
        "Data set": rows["eval_dataset"].fillna(""),
        "Evaluation": kinds(rows),
        "Algorithm": names(rows, named),
        "n": ["not run" if pd.isna(n) else f.count(n) for n in rows["n"]],
        "Test error (%), mean ± sd": _pairs(f.plus_minus, rows["test_error_mean"], rows["test_error_sd"]),
        "95 % interval": [
            f.interval(low, high)
            for low, high, n in zip(rows["test_error_low"], rows["test_error_high"], rows["n"], strict=True)
        ],
        "Every value (%)": [
            f.listed(values) if show else "" for values, show in zip(rows["test_error_values"], few, strict=True)
        ],
        "Top-5 error (%), mean": rows["test_top5_error_mean"].map(f.fixed),
        "Retraining sd (points)": rows["retraining_sd"].map(f.fixed),
        "Diverged": counts(rows["n_diverged"]),
        "Failed": counts(rows["n_failed"]),
        "Published (paper protocol) (%)": _pairs(f.plus_minus, rows["published_error"], rows["published_error_sd"]),
        "Skips (% of edges not none)": rows["skip_ratio_mean"].map(f.percent),
        "Skips (% of all edges)": rows["skip_ratio_all_edges_mean"].map(f.percent),
        "Published skips (%)": rows["published_skip_ratio"].map(f.percent),
        f"Search cost ({macs})": (rows["search_macs_mean"] / divisor).map(f.significant),
    }
    beside = " beside the published figures" if rows["published_error"].notna().any() else ""
    return table("test_error", f"Test error{beside}", rows, shown, _accuracy_notes(rows, named))


def _accuracy_notes(rows: pd.DataFrame, named: Methods) -> list[str]:
    """What a reader must know to trust the table of test errors, and no more than its rows call for."""
    notes = ["n: searches that ended and were evaluated; ± is the standard deviation with ddof = 1 over them."]
    if rows["n"].ge(FEW).any():
        notes.append("Interval: Student's 95 % of the mean.")
    if rows["n"].lt(FEW).any():
        notes.append(EVERY)
    if rows["published_error"].notna().any():
        notes.append(
            "Published: as printed in the paper, under the paper's protocol; for orientation, not measured here."
        )
        transferred = rows[rows["published_error"].notna() & (rows["eval_dataset"] != rows["search_dataset"])]
        notes.extend(
            f"{dataset}: the published searches ran on {dataset} itself; ours ran on {searched} and were transferred."
            for dataset, searched in dict.fromkeys(
                zip(transferred["eval_dataset"], transferred["search_dataset"], strict=True)
            )
        )
    notes.extend(
        f"{named.titles[algorithm]}: of k cells drawn uniformly, the one with the best validation accuracy."
        for algorithm in sorted(named.controls & set(rows["algorithm"]))
    )
    return notes


def place(compared: pd.DataFrame, named: Methods) -> Table:
    """Where the found architectures stand among all of the space, where a table knows all of it."""
    rows = ordered(compared[compared["percentile_mean"].notna() | compared["rank_mean"].notna()], named)
    shown = {
        "Data set": rows["eval_dataset"],
        "Algorithm": names(rows, named),
        "n": rows["n"].map(f.count),
        "Rank, mean": rows["rank_mean"].map(f.count),
        "Percentile (% of cells worse), mean": rows["percentile_mean"].map(f.fixed),
        "Regret (percentage points), mean": rows["regret_mean"].map(f.fixed),
        "Validation error (%), mean": rows["val_error_mean"].map(f.fixed),
    }
    notes = (
        "Rank: 1 + the cells with a strictly better test accuracy; percentile: share of all cells strictly worse; "
        "regret: the best cell's test accuracy minus the found one's.",
    )
    return table("place", "Place in the whole space", rows, shown, notes)


def cost(costs: pd.DataFrame, named: Methods) -> Table:
    """What a search cost, one record per trial."""
    rows = ordered(costs, named)
    divisor, macs = f.engineering(rows["search_macs_mean"], "multiply-adds")
    shown = {
        "Algorithm": names(rows, named),
        "n": rows["n"].map(f.count),
        "Search time (s)": rows["search_seconds_mean"].map(f.significant),
        f"Time ÷ {named.reference}": rows["seconds_ratio"].map(f.fixed),
        f"Cost ({macs})": (rows["search_macs_mean"] / divisor).map(f.significant),
        f"Multiply-adds ÷ {named.reference}": rows["macs_ratio"].map(f.fixed),
        "Forward passes": rows["forwards_mean"].map(f.count),
        "Backward passes to weights": rows["weight_backwards_mean"].map(f.count),
        "Backward passes to α": rows["alpha_backwards_mean"].map(f.count),
        "Peak memory (MB)": rows["peak_memory_mb_mean"].map(f.significant),
    }
    notes = ("Means over n searches; diagnostics and evaluation are not counted. Multiply-adds are those executed.",)
    return table("cost", "Search cost", rows, shown, notes)


def differences(paired: pd.DataFrame, named: Methods) -> Table:
    """Differences in test error between two methods over the seeds that both ran.

    ``paired`` is ``results.pairs.frame``'s frame, with ``eval_dataset`` and ``evaluation``.
    """
    shown = {
        "Data set": paired["eval_dataset"],
        "Evaluation": kinds(paired),
        "First": names(paired, named, "_a"),
        "Second": names(paired, named, "_b"),
        "n": paired["n"].map(f.count),
        "First − second (percentage points), mean": paired["difference"].map(f.fixed),
        "95 % interval": _pairs(f.interval, paired["low"], paired["high"]),
        "Every difference (percentage points)": [
            f.listed(values) if n < FEW else "" for values, n in zip(paired["values"], paired["n"], strict=True)
        ],
        "P(first has the lower error)": paired["improvement"].map(f.fixed),
        "p": paired["p"].map(f.significant),
        "p, adjusted": paired["adjusted"].map(f.significant),
    }
    notes = ["Negative: the first has the lower error. n: common seeds, which saw the same batches."]
    if paired["n"].ge(FEW).any():
        notes.append("Interval: Student's 95 % of the mean difference.")
    if paired["n"].lt(FEW).any():
        notes.append(EVERY)
    if paired["p"].notna().any():
        notes.append("p: two-sided sign-flip test; adjusted by Holm over the tested pairs of one data set.")
    if paired["p"].isna().any():
        notes.append(f"No p below n = {FEWEST_PAIRS}: no outcome could reach 5 %.")
    return table("differences", "Paired differences in test error", paired, shown, notes)


def ranks(records: pd.DataFrame, named: Methods) -> Table:
    """Mean ranks of three or more algorithms over the seeds that all of them ran, with Friedman's test.

    An algorithm of fewer than ``FEW`` seeds is left out, for its missing seeds would drop out for all others too.
    """
    done = judged(records)
    done = done.assign(method=keys(done))
    labels = dict(zip(done["method"], names(done, named), strict=True))
    rows = []
    for (dataset, kind), same in done.groupby(["eval_dataset", "evaluation"], sort=False):
        errors = same.pivot_table("test_error", ["split_seed", "seed"], "method", sort=False)
        enough = errors.count() >= FEW
        test = friedman(errors.loc[:, enough])
        if test is not None and test.n >= FEW:
            order = sorted(test.ranks.items(), key=lambda item: item[1])
            text = ", ".join(f"{labels[method]} {f.fixed(rank)}" for method, rank in order)
            few = ", ".join(labels[method] for method in errors.columns[~enough])
            rows.append((dataset, kind, test.n, text, test.statistic, test.p, few))
    frame = pd.DataFrame(rows, columns=["eval_dataset", "evaluation", "n", "ranks", "statistic", "p", "too_few"])
    shown = {
        "Data set": frame["eval_dataset"],
        "Evaluation": kinds(frame),
        "n": frame["n"].map(f.count),
        "Mean ranks by test error (1 = lowest)": frame["ranks"],
        "Friedman χ²": frame["statistic"].map(f.fixed),
        "p": frame["p"].map(f.significant),
    }
    if frame["too_few"].any():
        shown["Left out"] = frame["too_few"]
    notes = (
        f"n: seeds that all of these ran; fewer than {FEW} leave an algorithm out. p: of no difference among them.",
    )
    return table("ranks", "All algorithms at once", frame, shown, notes)


def unfinished(records: pd.DataFrame, named: Methods) -> Table:
    """Trials that diverged or failed, with the reason each left."""
    rows = records[records["status"] != "done"].drop_duplicates("trial")
    shown = {
        "Algorithm": names(rows, named),
        "Seed": rows["seed"].map(f.count),
        "Status": rows["status"],
        "Reason": rows["error"].fillna("").replace("", "no reason recorded"),
        "Trial": rows["trial"],
    }
    kept = rows[["trial", "algorithm", "variant", "seed", "status", "error"]]
    return table("unfinished", "Diverged and failed trials", kept, shown)


def trials(records: pd.DataFrame, named: Methods) -> Table:
    """Every trial and evaluation on its own."""
    rows = ordered(records, named, "seed")
    families = [metric for column in rows if (metric := metrics.of_family(str(column)))]
    divisor, macs = f.engineering(rows["search_macs"], "multiply-adds")
    shown = {
        "Algorithm": names(rows, named),
        "Seed": rows["seed"].map(f.count),
        "Retraining seed": rows["eval_seed"].map(f.count),
        "Status": rows["status"],
        "Data set": rows["eval_dataset"].fillna(""),
        "Evaluation": kinds(rows),
        "Test error (%)": rows["test_error"].map(f.fixed),
        "Top-5 error (%)": rows["test_top5_error"].map(f.fixed),
        "Validation error (%)": rows["val_error"].map(f.fixed),
        "Rank": rows["rank"].map(f.count),
        "Percentile (%)": rows["percentile_in_space"].map(f.fixed),
        "Regret (points)": rows["regret"].map(f.fixed),
        "Skips (% of edges not none)": rows["skip_ratio"].map(f.percent),
        "Skips (% of all edges)": rows["skip_ratio_all_edges"].map(f.percent),
        "None edges": rows["none_edges"].map(f.count),
        "Entropy of α (1 = uniform)": rows["alpha_entropy"].map(f.significant),
        "λ_max of the Hessian of α": rows["lambda_max"].map(f.significant),
        "Parameters": rows["params"].map(f.count),
        "Network (10⁶ multiply-adds)": (rows["flops"] / 1e6).map(f.significant),
        "Latency (ms)": rows["latency_ms"].map(f.significant),
        **{metric.header: rows[metric.name].map(f.significant) for metric in families},
        "Latency predicted (ms)": rows["latency_predicted_ms"].map(f.significant),
        "Expected latency of α": rows["latency_expected"].map(f.significant),
        "Search time (s)": rows["search_seconds"].map(f.significant),
        f"Search cost ({macs})": (rows["search_macs"] / divisor).map(f.significant),
        "PRC (%)": rows["prc"].map(f.percent),
        "Gates exactly 0 before the cut (%)": rows["zero_gates"].map(f.percent),
        "Error before fine-tuning (%)": rows["test_error_before"].map(f.fixed),
        "Error of the whole network (%)": rows["test_error_unpruned"].map(f.fixed),
        "Architecture": rows["genotype"].fillna("").map(lambda text: textwrap.shorten(text, LONGEST, placeholder=" …")),
    }
    numbers = rows.drop(columns=["edges", "library_versions"], errors="ignore")
    return table("trials", "Every trial", numbers, shown, _gate_notes(rows))


def _gate_notes(rows: pd.DataFrame) -> list[str]:
    """What gates at exactly zero mean for the networks cut by a PRC, where there were more than it removes."""
    if not (rows["zero_gates"] > rows["prc_global"].where(rows["prc_asked"].notna()) + 1e-9).any():
        return []
    return [
        "Where more gates were exactly 0 than the PRC asked for, the channels kept at 0 were picked by their place, "
        "and fine-tuning could not revive them: such a row says little; lower space.l1."
    ]


def _not_run(compared: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """The paper's rows of algorithms that were not run, for the data sets where one that was run has a figure."""
    wanted = set(compared.loc[compared["published_error"].notna(), "eval_dataset"])
    run = set(compared["algorithm"])
    rows = published[published["dataset"].isin(wanted) & ~published["algorithm"].isin(run)]
    return pd.DataFrame(
        {
            "eval_dataset": rows["dataset"],
            "search_dataset": compared["search_dataset"].iloc[0] if len(compared) else "",
            "algorithm": rows["algorithm"],
            "variant": rows["variant"],
            "test_error_values": [()] * len(rows),
            "published_error": rows["test_error"],
            "published_error_sd": rows["test_error_sd"],
            "published_skip_ratio": rows["skip_ratio_pct"] / 100,
        }
    )


def _pairs(write: Callable[[float, float], str], first: pd.Series, second: pd.Series) -> list[str]:
    return [write(a, b) if not pd.isna(a) else "" for a, b in zip(first, second, strict=True)]
