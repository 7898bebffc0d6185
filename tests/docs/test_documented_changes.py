"""What docs/add-a*.md show as a whole change is one: the diffs are applied to a copy of the code, which then has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("harness", "algorithms", "spaces", "results", "reports")
DOCUMENTS = ("add-an-algorithm.md", "add-a-data-set.md", "add-a-metric.md")

SEARCH = """
import json, sys
from pathlib import Path
import results
from algorithms import ALGORITHMS
from harness.config.request import Request
from harness.config.sections import Comparison
from harness.data import DATASETS, load
from harness.execution.job import run_job
from harness.planning.plan import plan
from results import metrics
from results.comparison import cost
from results.store import Store

folder = Path(sys.argv[1])
small = ["limit=8", "batch_size=4", "channels=2", "space.cells=1", "image_size=4", "diagnostics.lambda_every=0"]
asked = {"evaluate": "none", "budget": "epochs=1", "overrides": [*small, "one_batch.rest=0.25"], "out": folder / "run"}
made = plan(Request(["one_batch"], "nats", [0], dataset="arrays", data_dir=folder, **asked))
Store.open_run(made.folder, made.config, Comparison.FROZEN)
run_job(made.trials[0], made.environment)
run, data = results.load(made.folder), load("arrays", folder)
print(json.dumps({
    "algorithms": list(ALGORITHMS),
    "datasets": list(DATASETS),
    "data": [data.classes, *data.train_x.shape, int(data.train_x.sum())],
    "digest": data.digest,
    "record": json.loads(run.records.to_json(orient="records", double_precision=15))[0],
    "mean": cost(run.records)["macs_per_second_mean"].item(),
    "header": metrics.header("macs_per_second"),
    "described": results.describe().set_index("name").loc["macs_per_second"].tolist(),
}))
"""


@pytest.fixture(scope="module")
def images() -> dict[str, Any]:
    """Three classes of random colour images, 24 to train on and 8 to test on."""
    random = np.random.default_rng(0)
    sizes = {"train": 24, "test": 8}
    pictures = {f"{part}_x": random.integers(0, 256, (n, 6, 6, 3), dtype=np.uint8) for part, n in sizes.items()}
    return pictures | {f"{part}_y": np.arange(n) % 3 for part, n in sizes.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, images: dict[str, Any]) -> dict[str, Any]:
    """What a copy of the code says of itself, and of a search, once every document's diff is applied."""
    folder = tmp_path_factory.mktemp("changed")
    code = folder / "code"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    for document in DOCUMENTS:
        text = (ROOT / "docs" / document).read_text(encoding="utf-8")
        diff = text.partition("```diff\n")[2].partition("```\n")[0]
        subprocess.run(["git", "apply", "-"], cwd=code, input=diff, text=True, check=True)
    np.savez(folder / "arrays.npz", **images)
    environment = os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SEARCH, str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_the_documented_algorithm_is_listed_composed_and_searches(found: dict[str, Any]) -> None:
    assert {"one_batch", "one_batch+es", "darts1"} <= set(found["algorithms"])
    record = found["record"]
    assert (record["status"], record["title"], record["hp.one_batch.rest"]) == ("done", "One batch", 0.25)
    # Two steps of four of the eight images, each a forward pass and one backward pass that reaches w (and α as well).
    assert (record["forwards"], record["weight_backwards"], record["alpha_backwards"]) == (2, 2, 0)


def test_the_documented_data_set_is_listed_read_and_searched_on(found: dict[str, Any], images: dict[str, Any]) -> None:
    assert found["datasets"][-1] == "arrays" and "digits" in found["datasets"]
    assert found["data"] == [3, 24, 3, 6, 6, int(images["train_x"].sum())]
    assert (found["record"]["search_dataset"], found["record"]["data_digest"]) == ("arrays", found["digest"])


def test_the_documented_metric_is_measured_averaged_and_described(found: dict[str, Any]) -> None:
    record = found["record"]
    expected = record["search_macs"] / record["search_seconds"]
    assert record["macs_per_second"] == pytest.approx(expected, rel=1e-9)
    assert found["mean"] == pytest.approx(expected, rel=1e-9)
    assert found["header"] == "Speed of the search (multiply-adds/s)"
    assert found["described"] == ["float64", "multiply-adds/s", "Speed of the search", "higher", "cost"]
