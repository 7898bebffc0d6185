"""The notebook from a run to a conclusion runs as it stands, and what it concludes is so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import results

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOK = DOCS / "from-run-to-conclusion.ipynb"


def test_the_notebook_is_committed_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 6 and all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


def test_its_conclusion_is_what_the_committed_records_say() -> None:
    pairs = results.load(DOCS / "mini-nats").compare("rarts", "darts1").set_index("eval_dataset")["values"]
    better = {dataset: sum(value < 0 for value in values) for dataset, values in pairs.items()}
    assert better == {"cifar10": 3, "cifar100": 3, "ImageNet16-120": 2}
    assert all(len(values) == 3 for values in pairs)


def test_the_notebook_runs_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("harness.api")
    (tmp_path / "mini-nats").mkdir()
    shutil.copy(DOCS / "mini-nats" / "run.zip", tmp_path / "mini-nats")
    monkeypatch.setenv("PYTHONPATH", str(DOCS.parent))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = {cell["id"]: cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"}
    page = shown["cell-05"][0]["data"]["text/html"]
    toy = results.load(tmp_path / "runs" / "toy")
    assert toy.records["status"].tolist() == ["done"] * 4
    assert "trials: 4 done" in page and all(f"{mean:.2f}" in page for mean in toy.summary()["test_error_mean"])
