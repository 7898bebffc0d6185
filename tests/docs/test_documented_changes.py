"""What docs/add-a*.md show as a whole change is one: it is made in a copy of the code, which then has it.

Three pages show a diff, docs/add-a-space.md a file and a section of a protocol's YAML.
"""

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
from harness.config.names import protocol_spaces
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
asked = {"evaluate": "none", "budget": "epochs=1", "overrides": ["limit=64"], "out": folder / "kernels"}
made = plan(Request(["darts1", "gdas"], "kernels", [0], **asked))
Store.open_run(made.folder, made.config, Comparison.FROZEN)
for trial in made.trials:
    run_job(trial, made.environment)
print(json.dumps({
    "algorithms": list(ALGORITHMS),
    "datasets": list(DATASETS),
    "data": [data.classes, *data.train_x.shape, int(data.train_x.sum())],
    "digest": data.digest,
    "record": json.loads(run.records.to_json(orient="records", double_precision=15))[0],
    "mean": cost(run.records)["macs_per_second_mean"].item(),
    "header": metrics.header("macs_per_second"),
    "protocol": protocol_spaces("quick"),
    "kernels": json.loads(results.load(made.folder).records.set_index("algorithm").to_json(orient="index")),
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


def block(document: str, language: str, opening: str = "") -> str:
    """The first block of a page that is in a language and begins with ``opening``."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return opening + text.partition(f"```{language}\n{opening}")[2].partition("```\n")[0]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which every document's change is made."""
    code = tmp_path_factory.mktemp("changed") / "code"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    for document in DOCUMENTS:
        diff = block(document, "diff")
        subprocess.run(["git", "apply", "-"], cwd=code, input=diff, text=True, check=True)
    (code / "spaces" / "kernels.py").write_text(block("add-a-space.md", "python"), encoding="utf-8")
    with (code / "harness" / "config" / "protocols" / "quick.yaml").open("a", encoding="utf-8") as protocol:
        protocol.write(block("add-a-space.md", "yaml"))
    return code


@pytest.fixture(scope="module")
def environment(code: Path) -> dict[str, str]:
    """Of a process that imports the copy."""
    return os.environ | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1", "PYTEST_ADDOPTS": ""}


@pytest.fixture(scope="module")
def found(code: Path, environment: dict[str, str], images: dict[str, Any]) -> dict[str, Any]:
    """What the copy says of itself, and of its searches."""
    folder = code.parent
    np.savez(folder / "arrays.npz", **images)
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


def test_the_changes_pass_what_is_tested_of_every_algorithm_and_of_the_house(
    code: Path, environment: dict[str, str]
) -> None:
    """The tests themselves, run on the copy: a page that leads to a red suite is wrong."""
    for name in ("conftest.py", "searches.py", "described.py", "test_house.py", "algorithms/test_every_algorithm.py"):
        (code / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, code / "tests" / name)
    shutil.copy(ROOT / "pyproject.toml", code)
    chosen = ("-p", "no:cacheprovider", "-rp", "-k", "one_batch or test_house")
    command = [
        sys.executable,
        "-m",
        "pytest",
        *chosen,
        "tests/algorithms/test_every_algorithm.py",
        "tests/test_house.py",
    ]
    done = subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.count("[one_batch]") == 3 and "test_algorithms_spaces_and_data_sets_are_named" in done.stdout


def test_the_documented_space_runs_what_is_sampled_alone(found: dict[str, Any]) -> None:
    assert "kernels" in found["protocol"]
    darts1, gdas = (found["kernels"][name] for name in ("darts1", "gdas"))
    assert darts1["status"] == gdas["status"] == "done" and darts1["forwards"] == gdas["forwards"]
    assert 0 < gdas["search_macs"] < darts1["search_macs"]


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
