"""Random pruning reads another search's record: what cannot be read is refused when it is planned."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import RUN, Faults

from harness.config.protocol import Protocol
from harness.config.request import Request
from harness.config.trial import TrialConfig
from harness.config.variation import points
from harness.planning.plan import plan

PRUNE = f"{RUN} --space resnet164 --prc 0.4"
SWEEP = "sweep --serial --seeds 0 --space resnet164 --prc 0.4 --algo rarts,random_pruning --vary"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("--algos random_pruning --set random_pruning.of=random_pruning", "it takes another search's ratios"),
        ("--algos rarts,random_pruning --set random_pruning.of=rart", "did you mean 'rarts'"),
        ("--algos rarts,random_pruning --set random_pruning.of=tas", "name tas among the algorithms"),
    ],
)
def test_a_record_that_will_not_be_there(fault: Faults, words: str, named: str) -> None:
    assert named in fault(f"{PRUNE} {words}")


@pytest.mark.parametrize("vary", ["rarts.lam=1,2", "lr=0.1,0.2"])
def test_several_records_of_one_seed(fault: Faults, vary: str) -> None:
    error = fault(f"{SWEEP} {vary}")
    assert "one search by rarts, but 2 with seed 0 differ" in error and "random_pruning.of=" in error


@pytest.mark.parametrize(
    ("vary", "trials"),
    [("rarts.lam=1", 2), ("random_pruning.lr=0.1,0.2", 3), ("batch_size=16,32", 4), ("random_pruning.of=rarts,", 3)],
)
def test_one_record_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vary: str, trials: int) -> None:
    monkeypatch.chdir(tmp_path)
    made = plan(
        Request(["rarts", "random_pruning"], "resnet164", [0], overrides=["space.prc=0.4"], points=points([vary], 1))
    )
    assert len(made.trials) == trials


@pytest.mark.parametrize("text", ["", "''", '""'])
def test_empty_stands_for_no_record_at_all(text: str) -> None:
    protocol = Protocol.load("quick", "resnet164")
    protocol = protocol.set(["space.prc=0.4", f"random_pruning.of={text}"])
    trial: TrialConfig = protocol.trial("random_pruning", 0, {"classes": 10, "in_channels": 1}, "pruned")
    assert trial.hyper.model_dump()["of"] == protocol.overrides["random_pruning.of"] == ""


def test_empty_is_still_the_default_of_what_is_no_text() -> None:
    protocol = Protocol.load("quick", "resnet164")
    protocol = protocol.set(["space.prc=0.4", "space.prc="])
    trial = protocol.trial("rarts", 0, {"classes": 10, "in_channels": 1}, "pruned")
    assert trial.options.model_dump()["prc"] is None
