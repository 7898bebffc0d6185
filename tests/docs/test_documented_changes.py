"""What docs/add-a-*.md show as a whole change is one: each diff is applied to a copy of the code, which then has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
PACKAGES = ("harness", "algorithms", "spaces", "results", "reports")


def changed(document: str, folder: Path) -> Path:
    """A copy of the code with the document's diff applied."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    diff = text.partition("```diff\n")[2].partition("```\n")[0]
    subprocess.run(["git", "apply", "-"], cwd=folder, input=diff, text=True, check=True)
    return folder


def printed(code: Path, program: str, *arguments: str | Path) -> list[str]:
    """The lines that a program on the copy prints."""
    environment = os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=code.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


SEARCH = """
import sys
from pathlib import Path
from harness.config.request import Request
from harness.config.sections import Comparison
from harness.execution.job import run_job
from harness.planning.plan import plan
from results.store import Store

def search(dataset, data_dir, out, algorithm="darts1", *more):
    small = ["limit=8", "batch_size=4", "channels=2", "space.cells=1", "image_size=4", "diagnostics.lambda_every=0"]
    asked = {"evaluate": "none", "budget": "epochs=1", "overrides": [*small, *more], "out": Path(out)}
    made = plan(Request([algorithm], "nats", [0], dataset=dataset, data_dir=data_dir and Path(data_dir), **asked))
    store = Store.open_run(made.folder, made.config, Comparison.FROZEN)
    run_job(made.trials[0], made.environment)
    return store.records().iloc[0]
"""


def test_the_documented_data_set_is_listed_read_and_searched_on(tmp_path: Path) -> None:
    code = changed("add-a-data-set.md", tmp_path / "code")
    random = np.random.default_rng(0)
    images = {
        f"{part}_x": random.integers(0, 256, (n, 6, 6, 3), dtype=np.uint8) for part, n in (("train", 24), ("test", 8))
    }
    labels = {f"{part}_y": np.arange(n) % 3 for part, n in (("train", 24), ("test", 8))}
    np.savez(tmp_path / "arrays.npz", **images, **labels)
    program = (
        SEARCH
        + """
from harness.data import DATASETS, load
data = load("arrays", Path(sys.argv[1]))
record = search("arrays", sys.argv[1], sys.argv[2])
print(*DATASETS)
print(data.classes, *data.train_x.shape, int(data.train_x.sum()), data.digest)
print(record["status"], record["search_dataset"], record["data_digest"])
"""
    )
    names, read, record = (line.split() for line in printed(code, program, tmp_path, tmp_path / "run")[-3:])
    assert names[-1] == "arrays" and "digits" in names
    assert read[:6] == ["3", "24", "3", "6", "6", str(images["train_x"].sum())]
    assert record == ["done", "arrays", read[6]]


def test_the_documented_metric_is_measured_averaged_and_described(tmp_path: Path) -> None:
    code = changed("add-a-metric.md", tmp_path / "code")
    program = (
        SEARCH
        + """
import results
from results import metrics
from results.comparison import cost
record = search("digits", None, sys.argv[1])
run = results.load(sys.argv[1])
print(record["macs_per_second"] * record["search_seconds"] / record["search_macs"])
print(cost(run.records)["macs_per_second_mean"].item() == record["macs_per_second"])
print(metrics.header("macs_per_second"))
print(*results.describe().set_index("name").loc["macs_per_second"].tolist(), sep=" | ")
"""
    )
    ratio, averaged, header, described = printed(code, program, tmp_path / "run")[-4:]
    assert abs(float(ratio) - 1) < 1e-12 and averaged == "True"
    assert header == "Speed of the search (multiply-adds/s)"
    assert described == "float64 | multiply-adds/s | Speed of the search | higher | cost"


def test_the_documented_algorithm_is_listed_composed_and_searches(tmp_path: Path) -> None:
    code = changed("add-an-algorithm.md", tmp_path / "code")
    program = (
        SEARCH
        + """
from algorithms import ALGORITHMS
record = search("digits", None, sys.argv[1], "one_batch", "one_batch.rest=0.25")
print(*ALGORITHMS)
print(record["status"], record["title"], record["hp.one_batch.rest"], sep=",")
print(record["forwards"], record["weight_backwards"], record["alpha_backwards"])
"""
    )
    names, record, passes = printed(code, program, tmp_path / "run")[-3:]
    assert {"one_batch", "one_batch+es", "darts1"} <= set(names.split())
    assert record == "done,One batch,0.25"
    # Two steps of four of the eight images, each a forward pass and one backward pass that reaches w (and α as well).
    assert passes.split() == ["2.0", "2.0", "0.0"]
