"""The paper's tables but for Table 4 (``tables.accuracy``): its printed rows beside ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd

from reports import formats as f
from reports.rows import Methods, kinds, names, ordered
from reports.table import Table, table
from results.latency_changes import FACTORS, HERE, VARIED
from results.metrics import setting
from results.published import published, published_datasets

Write = Callable[[float], str]


@dataclass(frozen=True)
class Column:
    """One measure: its header, our column (its unit's divisor, its deviation), the paper's, and how each is written."""

    header: str
    ours: str = ""
    divisor: float = 1.0
    ours_sd: str = ""
    theirs: str = ""
    theirs_sd: str = ""
    write: Write = f.significant
    printed: Write = setting


@dataclass(frozen=True)
class Layout:
    """One table of the paper."""

    title: str
    columns: tuple[Column, ...]
    texts: dict[str, str]
    """Columns of the published rows that are texts, by header."""
    key: str = "variant"
    """What tells rows of one algorithm apart: ``variant``, or ``prc_pct``, the PRC in whole percent."""
    note: str = ""


ERROR = ("test_error_mean", 1, "test_error_sd", "test_error", "test_error_sd", f.fixed)
ONE_DECIMAL = partial(f.fixed, places=1)
PARAMS = Column("parameters (10⁶)", "params_mean", 1e6, theirs="params_m")
PRUNED = (
    Column("gates exactly 0 before the cut (%)", "zero_gates_mean", 0.01, write=ONE_DECIMAL),
    Column("error before fine-tuning (%)", "test_error_before_mean", write=f.fixed),
    Column("error of the searched network, whole (%)", "test_error_unpruned_mean", write=f.fixed),
    Column("parameters (10⁶)", "params_mean", 1e6),
    Column("parameters, whole (10⁶)", "params_full_mean", 1e6),
    Column("multiply-adds (10⁶)", "flops_mean", 1e6),
    Column("multiply-adds, whole (10⁶)", "flops_full_mean", 1e6),
    Column("latency (ms)", "latency_ms_mean"),
    Column("latency, whole (ms)", "latency_full_ms_mean"),
)
PRC = ("prc_mean", 0.01, "prc_sd", "prc_pct", "prc_pct_sd", f.fixed)
V100 = {"On a V100, published": "v100"}

LAYOUTS = {
    "table1": Layout(
        "Table 1: DARTS cells on CIFAR-10",
        (
            Column("test error (%)", *ERROR, printed=f.fixed),
            PARAMS,
            Column("search cost (device days)", "search_device_days_mean", theirs="search_gpu_days"),
            Column("search cost on the RARTS authors' machine (device days)", theirs="search_gpu_days_authors"),
        ),
        V100,
    ),
    "table3": Layout(
        "Table 3: DARTS cells on ImageNet",
        (
            Column("top-1 error (%)", *ERROR, printed=ONE_DECIMAL),
            Column("top-5 error (%)", "test_top5_error_mean", theirs="top5_error", write=f.fixed, printed=ONE_DECIMAL),
            PARAMS,
            Column("multiply-adds (10⁶)", "flops_mean", 1e6),
        ),
        V100 | {"Searched on ImageNet itself, published": "direct_search"},
        note="Published: ImageNet's 1,000 classes; ours: those of the image folder, which may be fewer and so easier.",
    ),
    "table5": Layout(
        "Table 5: channel pruning of ResNet-164 on CIFAR",
        (Column("error (%)", *ERROR, printed=f.fixed), Column("PRC (%)", *PRC), *PRUNED),
        {},
        key="prc_pct",
        note="PRC: pruned channels of all channels. The baseline is not fine-tuned; a network of ours may be shallower "
        "than 164 layers, as the protocol says.",
    ),
    "table6": Layout(
        "Table 6: channel pruning of MobileNetV2 on 20 classes of ImageNet",
        (Column("error (%)", *ERROR, printed=ONE_DECIMAL), Column("PRC (%)", *PRC, printed=ONE_DECIMAL), *PRUNED),
        {},
        note="PRC: the mean over layers of the pruned share; the zeros of the gates decide it unless it is asked for. "
        "Published: 20 classes that the authors drew; ours: those of the image folder. The baseline is not fine-tuned.",
    ),
}
"""What each table holds; which rows belong to it, its published rows say by task and data set."""


def beside_published(compared: pd.DataFrame, costs: pd.DataFrame, named: Methods) -> list[Table]:
    """Tables 1, 3, 5 and 6 for what was run of one protocol, space and search data set (frames of ``comparison``).

    A row of ours joins the published one of its algorithm and variant (Table 5: and PRC), others have their own rows.
    """
    cost = costs[["algorithm", "variant", "search_device_days_mean"]]
    ours = compared.merge(cost, on=["algorithm", "variant"], how="left")
    made = []
    for key, layout in LAYOUTS.items():
        paper = published(key).replace({"dataset": published_datasets()})
        own = ours.merge(
            paper[["task", "dataset"]].drop_duplicates().set_axis(["space", "eval_dataset"], axis="columns")
        )
        if len(own):
            made.append(_table(key, layout, own, paper, named))
    return made


def _table(key: str, layout: Layout, own: pd.DataFrame, paper: pd.DataFrame, named: Methods) -> Table:
    protocol, searched = str(own["protocol"].iloc[0]), own["search_dataset"].iloc[0]
    paper = paper.rename(columns={"task": "space", "dataset": "eval_dataset"}).dropna(axis="columns", how="all")
    theirs = [c for c in paper if c not in ("table", "space", "eval_dataset", "algorithm", "variant")]
    paper = paper.rename(columns={c: f"published.{c}" for c in theirs}).drop(columns="table")
    own = own.drop(columns=[c for c in own if str(c).startswith("published_")])
    if layout.key == "prc_pct":
        asked = (100 * own["prc_mean"]).round()
        own = own.assign(prc_pct=asked.where(asked > 0))
        paper = paper.assign(prc_pct=paper["published.prc_pct"]).drop(columns="variant")
    paper = paper[paper["eval_dataset"].isin(own["eval_dataset"])]
    if layout.key == "prc_pct":
        paper = _at_our_ratios(paper, own)
    rows = own.merge(paper, on=["space", "eval_dataset", "algorithm", layout.key], how="outer")
    rows = ordered(rows.assign(search_dataset=searched, variant=rows["variant"].fillna("")), named, layout.key)
    shown = {"Algorithm": names(rows, named), "Evaluation": kinds(rows), "n, ours": rows["n"].map(f.count)}
    for column in layout.columns:
        header = column.header[:1].upper() + column.header[1:]
        ours = column.ours, column.ours_sd, column.divisor, column.write
        printed = f"published.{column.theirs}", f"published.{column.theirs_sd}", 1.0, column.printed
        shown[f"{header}, ours ({protocol})"] = _written(rows, *ours)
        shown[f"{header}, published"] = _written(rows, *printed)
    shown |= {header: rows[f"published.{text}"].fillna("") for header, text in layout.texts.items()}
    return table(
        key,
        f"{layout.title}, published rows beside ours ({protocol})",
        rows,
        shown,
        _notes(rows, named, protocol, layout.note),
    )


def _at_our_ratios(paper: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Published rows, those without a PRC beside each of ours by their algorithm: TAS's own is of multiply-adds."""
    keys = ["eval_dataset", "algorithm"]
    beside = paper[keys].merge(own[[*keys, "prc_pct"]], how="left").drop_duplicates()
    without = paper["prc_pct"].isna()
    return pd.concat([paper[~without], paper[without].drop(columns="prc_pct").merge(beside, on=keys)])


def _written(rows: pd.DataFrame, measure: str, deviation: str, divisor: float, write: Write) -> list[str]:
    """``mean ± sd``, each where there is one."""
    missing = pd.Series(float("nan"), index=rows.index)
    values, spreads = (rows.get(column, missing) / divisor for column in (measure, deviation))
    return [
        "" if pd.isna(value) else write(value) if pd.isna(spread) else f"{write(value)} ± {write(spread)}"
        for value, spread in zip(values, spreads, strict=True)
    ]


def _notes(rows: pd.DataFrame, named: Methods, protocol: str, note: str) -> list[str]:
    authors = dict.fromkeys(rows.loc[rows["published.source"] == "authors", "algorithm"])
    notes = [
        *([note] if note else []),
        f"Ours: protocol “{protocol}”; ± is the standard deviation with ddof = 1 over n searches.",
        f"Published: as printed in the RARTS paper, which measured {', '.join(map(named.label, authors))} and "
        "quotes the others.",
        "A row without n was not run here. Published device days are of the GPUs that each method's authors had.",
    ]
    if rows["published.test_error"].notna().any() and rows["n"].notna().any():
        notes.append("Published figures hold under the paper's protocol only: for orientation, not measured here.")
    return notes


def latencies(changes: pd.DataFrame, named: Methods) -> Table:
    """Table 2: the latency of what is found, by what was changed (``results.latency_changes``'s frame)."""
    rows = changes.assign(variant="")
    shown = {
        "Measured on": rows["measured_on"],
        "Data set": rows["eval_dataset"],
        "Algorithm": names(rows, named),
        "Changed": [_changed(row) for row in rows[FACTORS].itertuples(index=False)],
        **{name: ["" if pd.isna(v) else setting(float(v)) for v in rows[name]] for name in VARIED},
        "n": rows["n"].map(f.count),
        "Latency (ms), mean ± sd": [
            f.plus_minus(a, b, 3) if pd.notna(a) else ""
            for a, b in zip(rows["latency_ms_mean"], rows["latency_ms_sd"], strict=True)
        ],
        "Every value (ms)": [f.listed(v, 3) if isinstance(v, list) else "" for v in rows["latency_values"]],
        "Change (%)": rows["latency_change"].map(f.percent),
        "Published latency (ms)": rows["published_latency_ms"].map(lambda ms: f.fixed(ms, 1)),
        "Published change (%)": rows["published_change"].map(f.percent),
        "Expected latency of α, mean": rows["latency_expected_mean"].map(f.significant),
        "Test error (%), mean": rows["test_error_mean"].map(f.fixed),
    }
    notes = [
        f"Ours: protocol “{rows['protocol'].iloc[0]}”; on {HERE} each found network is timed, batch 1; on a named "
        "device it has the latency that the file of measured latencies says. A row without n was not run. Changes are "
        "relative to the baseline on the same device.",
        "Expected latency: ⟨softmax α, Lat⟩ over the edges at the search's end; the operations' mean latency is 1.",
    ]
    if rows["published_latency_ms"].isna().all():
        return table("latencies", "Latency by hyperparameters", rows, shown, notes)
    notes.append("Published: the paper's Table 2, on a device it does not name; only the changes compare.")
    return table("table2", "Table 2: latency by hyperparameters, published rows beside ours", rows, shown, notes)


def _changed(factors: tuple[float, ...]) -> str:
    """``latency_weight × 10``, ``baseline``."""
    texts = [
        f"{name} {'×' if factor > 1 else '÷'} {setting(float(f'{factor if factor > 1 else 1 / factor:.3g}'))}"
        if factor > 0
        else f"{name} = 0"
        for name, factor in zip(VARIED, factors, strict=True)
        if factor != 1
    ]
    return ", ".join(texts) or "baseline"
