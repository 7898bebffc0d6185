"""What a space does not have is refused by one line that names the space and what to do instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from faults import RUN, Faults

from harness.cli.inspect import print_json
from harness.config.sections import Evaluation
from harness.training.stand_alone import check_network
from results.errors import BadInput
from spaces import SPACES
from spaces.contracts import DropsPaths, offers
from spaces.nats_benchmark import every_cell

CELL = sorted(every_cell())[0]
GATED = ("resnet164", "mobilenetv2")


@pytest.mark.parametrize("space", GATED)
def test_latency_times_operations_and_gates_are_none(fault: Faults, space: str) -> None:
    assert f"the space {space} has no operations to time; these have: darts, nats" in fault("latency --space", space)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("--set rarts.lamb=2", "'rarts.lamb' (did you mean 'rarts.lam' or "),
        ("--set prc=0.4", "'prc': "),
        ("--set depth=20", "'depth'"),
        ("--set qqqqqqqq=1", "'qqqqqqqq': "),
    ],
)
def test_an_unknown_key_is_told_the_nearest_and_where_all_are_listed(fault: Faults, words: str, near: str) -> None:
    error = fault(f"{RUN} {words}")
    assert f"the space nats has no key {near}" in error
    assert "`python -m harness list keys --space nats`" in error
    assert len(error) < 200 and error.count(" or ") <= 2


def test_the_key_list_is_of_the_space(fault: Faults) -> None:
    assert "list keys --space darts`" in fault("describe --space darts --set", "node=3")
    assert "list keys --space resnet164`" in fault("sweep --serial --space resnet164 --algo rarts --vary", "width_=1,2")


@pytest.mark.parametrize("space", ["nats", *GATED])
def test_networks_without_droppable_paths(fault: Faults, space: str) -> None:
    words = f"{RUN} --space {space} --algos rarts --set evaluation.drop_path=0.2"
    assert f"the networks of the space {space} drop no paths: set evaluation.drop_path=0" in fault(words)


def test_drop_path_of_a_retraining(fault: Faults) -> None:
    assert "drop no paths" in fault("evaluate --space nats --set drop_path=0.2 --genotype", CELL)


@pytest.mark.parametrize("name", ["nats", "darts"])
def test_a_space_says_whether_its_networks_read_drop_path(name: str) -> None:
    space = SPACES[name]()
    has = hasattr(space.build(CELL if name == "nats" else space.canonical("darts_v2")), "drop_path")
    assert has == offers(space, DropsPaths) == (name == "darts")
    check_network(space, Evaluation())
    if has:
        check_network(space, Evaluation(drop_path=0.2))
    else:
        with pytest.raises(BadInput):
            check_network(space, Evaluation(drop_path=0.2))


@pytest.mark.parametrize("space", ["darts", *GATED])
def test_there_is_no_table_to_read(fault: Faults, space: str) -> None:
    error = fault("score --genotype x --space", space)
    assert (
        f"the space {space} has no table" in error
        and "these have: macro, nats, nats_size" in error
        and "--table" not in error
    )
    assert f"--table: the space {space} has no table; leave it out" in fault(f"{RUN} --space {space} --nats nowhere")
    assert f"--evaluate table: the space {space} has no table" in fault(f"{RUN} --space {space} --evaluate table")


@pytest.mark.parametrize("space", GATED)
def test_a_pruned_network_is_not_trained_from_scratch(fault: Faults, tmp_path: Path, space: str) -> None:
    error = fault(f"{RUN} --space {space} --algos rarts --prc 0.4 --evaluate train")
    assert "cut from the searched network and fine-tuned" in error and "leave it out" in error
    assert "fine-tuned by its own run" in fault(f"evaluate --space {space} --genotype x")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"space": space}))
    assert f"a network of the space {space} is cut" in fault("evaluate", tmp_path)


def test_evaluate_trains_no_runs_architectures_in_another_space(fault: Faults, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"space": "nats"}))
    assert "--space darts: the run was on nats" in fault("evaluate --space darts", tmp_path)
    assert "leave --algos out" in fault("evaluate --algos rarts --genotype darts_v2")


def test_evaluate_of_a_run_without_a_finished_search(fault: Faults, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"space": "nats"}))
    assert "holds no finished search" in fault("evaluate --algos rarts", tmp_path)


def test_a_missing_number_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """NaN is Python's own: jq and JSON.parse refuse it."""
    print_json({"latency_ms": float("nan"), "params": 7, "edges": [float("nan")]})
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found == {"latency_ms": None, "params": 7, "edges": [None]}
