"""docs/debug-one-step.md: its code runs as it stands, in its order, and shows what the page says."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import harness
from algorithms import passes

PAGE = (Path(__file__).parents[2] / "docs" / "debug-one-step.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


class Notebook:
    """The page's blocks, run once each in one namespace; what each printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.names: dict[str, Any] = {}
        self.capsys, self.left = capsys, list(BLOCKS)

    def to(self, word: str) -> str:
        """Run on to the end of the first block that holds ``word``; what that block printed."""
        while True:
            block = self.left.pop(0)
            self.capsys.readouterr()
            exec(compile(block, "debug-one-step.md", "exec"), self.names)
            if word in block:
                return self.capsys.readouterr().out


@pytest.fixture
def page(capsys: pytest.CaptureFixture[str]) -> Notebook:
    return Notebook(capsys)


def test_the_step_its_gradients_and_its_table(page: Notebook) -> None:
    shown = page.to("search.step(train, val)")
    assert "Counts(forwards=2, weight_backwards=1, alpha_backwards=1, macs=" in shown
    assert "train_loss" in shown and "val_loss" in shown
    search = page.names["search"]
    moved = (search.alpha.flat.detach() - page.names["before"]).abs()
    assert torch.allclose(moved, torch.full_like(moved, 0.1), atol=1e-3)

    at, weights = search.counts.forwards, search.w.flat.detach().clone()
    shown = page.to("grad_alpha = ")
    assert search.counts.forwards == at + 2 and torch.equal(search.w.flat, weights)
    assert "classifier.weight              (10, 16)" in shown

    page.to("descend = parameters.descend")
    assert {name: len(gradient) for name, gradient in page.names["taken"].items()} == {
        "w": len(search.w.flat),
        "alpha": len(search.alpha.flat),
    }
    assert "descend" not in vars(search.w)

    shown = page.to("DataFrame")
    table = page.names["weights"]
    assert table.shape == (6, 5) and table.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-6)
    assert "0 → 1" in shown and search.genotype() in shown

    page.to("macs_of_a_step")
    macs = {name: page.names["macs_of_a_step"](name) for name in ("darts1", "darts2", "gdas")}
    assert macs["gdas"] < macs["darts1"] < macs["darts2"]


def test_the_model_is_printed_copied_hooked_and_stopped_in(page: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = page.to("print(model)")
    assert "(classifier): Linear(in_features=16, out_features=10" in shown and "\nmeta\n" in shown
    page.to("copy.load_state_dict")
    search, val = page.names["search"], page.names["val"]
    loss, _ = search.passes.loss(search.w.flat, search.alpha.flat, val)
    assert torch.equal(torch.nn.functional.cross_entropy(page.names["logits"], val.y), loss)

    shown = page.to("def look")
    assert shown.count("\nMixedCell (16, 8, 4, 4)") == 2  # of α's pass, and of w's
    assert shown.count("gradient MixedCell") == 6 and shown.count("True") == 10

    stopped: list[torch.Tensor] = []

    def debugger() -> None:
        stopped.append(sys._getframe(1).f_locals["module"].conv3[0].detach().clone())

    monkeypatch.setattr(sys, "breakpointhook", debugger)
    page.to("breakpoint()")
    assert len(stopped) == 2 and all(weight.isfinite().all() and weight.any() for weight in stopped)
    assert torch.equal(stopped[1], stopped[0])  # α's step comes first: w has not moved between the two


def test_hooks_see_the_pass_without_values_where_it_is_counted(page: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    page.to("train, val = ")
    monkeypatch.setattr(passes, "_COUNTED", {})
    search, seen = page.names["search"], []
    search.passes.skeleton.classifier.register_forward_hook(lambda module, inputs, output: seen.append(output.is_meta))
    for _ in range(2):
        search.step(page.names["train"], page.names["val"])
    assert seen == [False, True, False, True, False, False]


def test_a_trials_own_step_is_the_runs(page: Notebook, tmp_path: Path) -> None:
    """Of a run whose epoch is one step, so that its history has that step's losses."""
    page.to("def nobody")
    short = BLOCKS[-1].replace('overrides={"batch_size": 16}', 'overrides={"batch_size": 16, "limit": 16}')
    assert short != BLOCKS[-1]
    exec(compile(short, "debug-one-step.md", "exec"), page.names)
    step = page.names["search"]
    small = {"batch_size": 16, "limit": 16, "diagnostics.lambda_every": 0}
    run = harness.compare(
        ["darts1"],
        "nats",
        [0],
        overrides=small,
        budget="epochs=1",
        evaluate="none",
        serial=True,
        quiet=True,
        out=tmp_path,
    )
    last = run.history.iloc[-1]
    assert run.records["trial"].item() and run.records["forwards"].item() == step.counts.forwards == 2
    assert run.records["search_macs"].item() == step.counts.macs
    assert {name: last[name] for name in page.names["losses"]} == page.names["losses"]
