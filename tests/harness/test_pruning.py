"""Width search to its record: what is cut, what the columns say of it, and trials that need another's record."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pandas as pd
import pytest
import torch
from equal_runs import assert_same, frames
from killing import kill_when, launch
from searches import make_search

from algorithms.search import Search
from harness.config.protocol import Protocol
from harness.config.request import Request
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.job import run_job
from harness.execution.schedule import run_serial, waves
from harness.execution.search import Trial
from harness.execution.watch import Watch
from harness.planning.plan import plan
from harness.training.evaluate import test_columns as columns_of
from harness.training.prune import _statistics_batches, searched_network
from results.errors import BadInput
from results.store import Store
from spaces import SPACES
from spaces.gated_layers import estimate_statistics
from spaces.resnet164 import ResNet164

SMALL = [
    "depth=11", "width=2", "space.prc=0.4", "epochs=1", "limit=64", "batch_size=16", "evaluation.epochs=2",
    "diagnostics.subset=64",
]  # fmt: skip


def trial(algorithm: str, *more: str) -> TrialConfig:
    """One epoch of four steps, then two of fine-tuning."""
    protocol = Protocol.load("quick", "resnet164")
    protocol = protocol.set([*SMALL, *more])
    return protocol.trial(algorithm, 0, {"classes": 10, "in_channels": 1}, "pruned")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random pruning, which is named first and needs the record of RARTS, and two more searches."""
    folder = tmp_path_factory.mktemp("pruning")
    configs = [trial(name) for name in ("random_pruning", "baseline", "network_slimming", "tas", "rarts")]
    ordered = waves(configs)
    assert [[c.algorithm for c in wave] for wave in ordered] == [
        ["baseline", "network_slimming", "tas", "rarts"],
        ["random_pruning"],
    ]
    for wave in ordered:
        run_serial(wave, Environment(run=str(folder)))
    return folder


@pytest.fixture(scope="module")
def records(run: Path) -> pd.DataFrame:
    found = Store(run).records().set_index("algorithm")
    assert (found["status"] == "done").all(), found["error"].tolist()
    return found


def test_the_ratio_asked_for_is_reached_to_the_channel(records: pd.DataFrame) -> None:
    config = trial("rarts")
    space = SPACES["resnet164"](config.options)
    total = sum(a.numel() for a in space.alphas(torch.Generator()).values())
    for algorithm in ("rarts", "network_slimming", "tas", "random_pruning"):
        row = records.loc[algorithm]
        widths = [list(map(int, text.split(" of "))) for text in json.loads(row["layer_widths"]).values()]
        assert sum(of for _, of in widths) == total
        assert total - sum(kept for kept, _ in widths) == round(0.4 * total)
        assert row["prc"] == row["prc_global"] == pytest.approx(round(0.4 * total) / total, abs=1e-15)
        assert row["prc_mean_layer"] == pytest.approx(sum(1 - kept / of for kept, of in widths) / len(widths))
        assert row["prc_asked"] == 0.4
        assert row["params"] < row["params_full"] and row["flops"] < row["flops_full"]
        assert row["params"] == sum(p.numel() for p in space.build(row["genotype"]).parameters())


def test_without_zeros_among_the_gates_nothing_is_said_and_without_gates_no_share_is_recorded(
    records: pd.DataFrame, run: Path
) -> None:
    assert records.loc["rarts", "zero_gates"] == 0
    assert records.loc[["baseline", "network_slimming", "tas", "random_pruning"], "zero_gates"].isna().all()
    assert not list(run.glob("trials/*/messages.txt"))


def test_gates_that_l1_sent_to_zero_are_counted_and_the_trial_warns_once(tmp_path: Path) -> None:
    """A threshold of 0.1 · 100 a step leaves no gate: of the channels that stay, every one is at 0."""
    config = trial("rarts", "space.l1=100")
    run_job(config, Environment(run=str(tmp_path)))
    row = Store(tmp_path).records().iloc[0]
    total = sum(SPACES["resnet164"](config.options).layers.values())  # type: ignore[attr-defined]
    assert row["zero_gates"] == 1 and row["prc_global"] == pytest.approx(round(0.4 * total) / total)
    said = (Store(tmp_path).trial_dir(config.hash) / "messages.txt").read_text(encoding="utf-8").splitlines()
    assert said == [
        f"100.0 % of the gates are exactly 0 before a cut of 40 %: {total - round(0.4 * total)} channels stay at a "
        "gate of 0, which fine-tuning cannot revive; lower space.l1 (now 100)"
    ]


def test_random_pruning_keeps_as_many_channels_as_rarts_in_each_layer_and_not_the_same(records: pd.DataFrame) -> None:
    assert records.loc["random_pruning", "layer_widths"] == records.loc["rarts", "layer_widths"]
    assert records.loc["random_pruning", "genotype"] != records.loc["rarts", "genotype"]


def test_the_baseline_keeps_everything_and_is_not_fine_tuned(records: pd.DataFrame) -> None:
    row = records.loc["baseline"]
    assert row["prc"] == 0 and pd.isna(row["prc_asked"])
    assert row["params"] == row["params_full"] and row["flops"] == row["flops_full"]
    assert row["test_error"] == row["test_error_before"] == row["test_error_unpruned"]
    # Random pruning trains as the baseline does: one network before the cut.
    assert row["test_error_unpruned"] == records.loc["random_pruning", "test_error_unpruned"]
    whole = ResNet164().parse(ResNet164().whole())
    assert sum(map(len, whole.values())) == 12_112


def test_the_error_before_fine_tuning_is_the_gated_networks_with_those_gates_at_zero(tmp_path: Path) -> None:
    config = trial("rarts", "epochs=3")
    store = Store(tmp_path)
    made = Trial(config, Environment(run=str(tmp_path)), store, Watch(store.trial_dir(config.hash)))
    made.run()
    row = store.records().iloc[0]
    assert isinstance(made.algorithm, Search)
    assert row["genotype"] == made.algorithm.genotype()
    full = searched_network(made.task, made.algorithm)
    estimate_statistics(full, _statistics_batches(made.task, made.task.data))
    assert columns_of(made.task, full)["test_error"] == row["test_error_unpruned"]
    norms = dict(full.named_modules())
    with torch.no_grad():
        for layer, kept in made.task.space.parse(row["genotype"]).items():  # type: ignore[attr-defined]
            gone = torch.ones(norms[layer].num_features, dtype=torch.bool)
            gone[list(kept)] = False
            norms[layer].weight[gone] = 0.0
            norms[layer].bias[gone] = 0.0
    assert columns_of(made.task, full)["test_error"] == row["test_error_before"] != row["test_error_unpruned"]


@pytest.mark.parametrize("algorithm", ["rarts", "tas"])
def test_killed_after_the_search_and_within_the_fine_tuning_it_ends_the_same(
    algorithm: str, run: Path, tmp_path: Path
) -> None:
    config = trial(algorithm)
    folder = Store(tmp_path).trial_dir(config.hash)
    for file in ("checkpoint.pt", "evaluation-digits.pt"):
        process = launch(config, tmp_path)
        kill_when(process, folder / file, 0)
        assert process.exitcode == -signal.SIGKILL
        assert not (folder / "done").exists()
    launch(config, tmp_path).join()
    ours, theirs = frames(tmp_path), frames(run)
    theirs = [frame[frame["trial"] == config.hash].reset_index(drop=True) for frame in theirs]
    assert len(ours[0]) == len(theirs[0]) == 1
    common = [[c for c in a if c in b and not a[c].isna().all()] for a, b in zip(ours, theirs, strict=True)]
    assert {"test_error", "test_error_before", "genotype"} < set(common[0])
    # Beside rows without them, an algorithm's own integers are of pandas's nullable kind.
    mine, others = ([f[c].convert_dtypes() for f, c in zip(side, common, strict=True)] for side in (ours, theirs))
    assert_same(mine, others)


def test_without_the_record_it_needs_random_pruning_fails_with_one_line(tmp_path: Path) -> None:
    config = trial("random_pruning")
    run_serial([config], Environment(run=str(tmp_path)))
    row = Store(tmp_path).records().iloc[0]
    assert row["status"] == "failed"
    assert "rarts left no record" in row["error"]


def test_two_different_records_of_one_seed_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for trial_hash, genotype in (("a", "x"), ("b", "y")):
        store.write_config(trial_hash, {"algorithm": "rarts", "seed": 0}, {})
        store.write_record(trial_hash, [{"status": "done", "genotype": genotype}])
    assert store.found({"algorithm": "rarts", "seed": 1}) is None
    with pytest.raises(Exception, match="2 different searches by rarts"):
        store.found({"algorithm": "rarts", "seed": 0})


def test_uniform_ratios_need_no_record_and_prune_each_layer_alike(tmp_path: Path) -> None:
    config = trial("random_pruning", "random_pruning.of=''")
    run_job(config, Environment(run=str(tmp_path)))
    for text in json.loads(Store(tmp_path).records()["layer_widths"].iloc[0]).values():
        kept, of = map(int, text.split(" of "))
        assert kept == max(1, of - round(0.4 * of))


@pytest.mark.parametrize("space", ["resnet164", "mobilenetv2"])
@pytest.mark.parametrize("protocol", ["quick", "mini", "paper"])
def test_every_protocol_prunes_with_gates_that_descend_as_the_weights(space: str, protocol: str) -> None:
    made = Protocol.load(protocol, space).trial("rarts", 0, {"classes": 10, "in_channels": 3}, "pruned")
    hyper = made.hyper.model_dump()
    assert (hyper["schedule"], hyper["arch_optimiser"], hyper["arch_schedule"]) == ("steps", "sgd", "weights")
    assert hyper["arch_lr"] == hyper["lr"] == 0.1 and hyper["arch_weight_decay"] == 0
    assert made.options.model_dump()["l1_travel"] > 0


@pytest.mark.parametrize(("space", "travel"), [("resnet164", 0.33), ("mobilenetv2", 1.0)])
@pytest.mark.parametrize("limit", [64, 600])
def test_l1_alone_moves_a_gate_as_far_whatever_the_number_of_images(space: str, travel: float, limit: int) -> None:
    made = plan(Request(["rarts"], space, [0], overrides=[f"limit={limit}"])).trials[0]
    assert isinstance(made, TrialConfig)
    search = make_search("rarts", SPACES[space](made.options), **made.hyper.model_dump())
    epochs, moved = int(made.budget.amount), 0.0
    for epoch in range(epochs):
        search.on_epoch(epoch, epoch / epochs)
        moved += (limit // made.settings.batch_size) * search.alpha.lr * made.options.model_dump()["l1"]
    assert moved == pytest.approx(travel, rel=5e-3)


def test_a_weight_of_l1_that_is_given_stands_and_a_distance_needs_a_number_of_steps() -> None:
    given = plan(Request(["rarts"], "mobilenetv2", [0], overrides=["space.l1=0.7"], budget="macs=1e9"))
    assert [trial.options.model_dump()["l1"] for trial in given.trials] == [0.7]
    assert given.config["overrides"] == {"space.l1": 0.7} and given.config["known"] == {}
    with pytest.raises(BadInput, match=r"set space\.l1"):
        plan(Request(["rarts"], "mobilenetv2", [0], budget="macs=1e9"))
