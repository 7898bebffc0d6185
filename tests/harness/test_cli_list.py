"""What ``list`` says of algorithms and keys: against the papers' costs, and against what a run would refuse."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from algorithms import ALGORITHMS
from harness.__main__ import main
from harness.config.names import protocol_spaces
from harness.config.protocol import Protocol

CELLS, GATES = {"nats", "darts", "macro", "nats_size"}, {"resnet164", "mobilenetv2"}


@pytest.fixture(scope="module")
def algorithms() -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["harness", "list", "algos", "--json"])
        patch.setattr("typer.echo", said := Said())
        main()
    assert ended.value.code == 0
    listed: dict[str, Any] = json.loads(said.text)
    return listed


class Said:
    """What was printed."""

    text = ""

    def __call__(self, message: str) -> None:
        self.text += message


def test_units_are_the_papers(algorithms: dict[str, Any]) -> None:
    units = {"darts1": 5, "milenas": 7, "rarts": 10, "darts2": 13}
    assert {name: algorithms[name]["units"] for name in units} == units
    assert algorithms["darts2"]["cost"] == "5F + 3B + 2Bα"
    assert algorithms["random"]["units"] is None


def test_what_chooses_among_operations_takes_cells_alone(algorithms: dict[str, Any]) -> None:
    for name in (
        "gdas",
        "snas",
        "fairdarts",
        "proxylessnas",
        "random_ws",
        "evolution",
        "pdarts",
        "darts1+es",
        "darts1+pt",
    ):
        assert set(algorithms[name]["spaces"]) <= CELLS, name
    for name in ("baseline", "network_slimming", "random_pruning"):
        assert set(algorithms[name]["spaces"]) == GATES, name
    for name in ("darts1", "darts2", "milenas", "milenas2", "rarts"):
        assert set(algorithms[name]["spaces"]) == CELLS | GATES, name
    assert all(listed["source"] and listed["spaces"] for listed in algorithms.values())
    assert list(algorithms) == list(ALGORITHMS)


@pytest.mark.parametrize("space", protocol_spaces("quick"))
def test_every_key_is_explained(space: str) -> None:
    assert [key for key, field in Protocol.load("quick", space).keys().items() if not field.description] == []


def test_every_algorithm_and_own_key_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for what, wanted in (("algos", ["rarts", "NAME+es"]), ("keys", ["rarts.lam", "evaluation.epochs", "arch_lr"])):
            patch.setattr(sys, "argv", ["harness", "list", what])
            with pytest.raises(SystemExit):
                main()
            shown = capsys.readouterr().out
            assert [word for word in wanted if word not in shown] == []
