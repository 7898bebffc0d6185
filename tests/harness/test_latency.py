"""Latency tables: what they stand for is plain arithmetic, and a table of other conditions is refused."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.__main__ import main
from harness.config.protocol import Protocol
from harness.config.request import Request
from harness.execution.job import run_job
from harness.measuring.latency import Conditions, Row, Table, conditions, network_latency, predicted, read, write
from harness.planning.plan import Plan, plan
from results.errors import BadInput
from results.store import Store
from spaces.bilevel import Bilevel
from spaces.contracts import Timeable, provides
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions
from spaces.nats_cell import OPERATIONS, text

MS = {"none": 0.0, "skip_connect": 0.25, "nor_conv_1x1": 1.0, "nor_conv_3x3": 2.0, "avg_pool_3x3": 0.5}
HERE = conditions("nats", Protocol.load("quick", "nats").settings, "cpu", 1)


def made_table(under: Conditions = HERE) -> Table:
    """Stage s of three takes 1, 2, 3 times as long as MS says, so that a mean over stages is twice that."""
    space = Nats(NatsOptions(channels=under.channels, cells=under.cells, image_size=under.image_size))
    rows = [
        Row(
            kind=t.kind,
            operation=t.operation,
            channels=t.shape[0],
            height=t.shape[1],
            width=t.shape[2],
            stride=t.stride,
            count=t.count,
            median_ms=MS[t.operation] * (i // len(OPERATIONS) + 1),
            iqr_ms=0.0,
        )
        for i, t in enumerate(space.timed())
    ]
    return Table(conditions=under, torch="2", rows=tuple(rows))


def planned(table: Path, *overrides: str, **more: Any) -> Plan:
    asked = {"algorithms": ["rarts"], "space": "nats", "seeds": [0], "device": "cpu", "latency": table} | more
    return plan(Request(overrides=list(overrides), **asked))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(made_table(), tmp_path / "table.json")
    return tmp_path / "table.json"


def test_the_option_is_the_mean_over_occurrences() -> None:
    assert made_table().option() == [0.0, 0.5, 2.0, 4.0, 1.0]
    weighted = [("normal", 1, 10.0), ("normal", 3, 2.0), ("reduce", 2, 5.0)]
    rows = tuple(
        Row(kind=k, operation="o", channels=1, height=1, width=1, stride=1, count=n, median_ms=ms, iqr_ms=0)
        for k, n, ms in weighted
    )
    assert Table(conditions=HERE, torch="2", rows=rows).option() == {"normal": [(10 + 3 * 2) / 4], "reduce": [5.0]}


def test_predicted_is_the_sum_over_edges_and_cells() -> None:
    options = NatsOptions(cells=5, latency=(0.0, 0.5, 2.0, 4.0, 1.0), latency_source="a table")
    genotype = text(["nor_conv_3x3", "skip_connect", "nor_conv_3x3", "none", "avg_pool_3x3", "nor_conv_1x1"])
    assert predicted(Nats(options), genotype) == 3 * 5 * (4.0 + 0.5 + 4.0 + 0.0 + 1.0 + 2.0)
    assert predicted(Nats(options.model_copy(update={"latency_source": ""})), genotype) is None


def test_edges_of_reduction_cells_are_predicted_by_their_stride() -> None:
    latency = {"normal": (0, *range(1, 8)), "reduce": (0, *range(10, 80, 10)), "reduce_stride2": (0, *[100] * 7)}
    options = DartsOptions(cells=8, latency=latency, latency_source="a table")
    # DARTS_V2's normal cell: five sep_conv_3x3 (4), two skips (3), one dil_conv_3x3 (6), in six cells; its reduction
    # cell: five max_pools from inputs (100) and three skips from node 0 (30), in two.
    assert predicted(Darts(options), "darts_v2") == 6 * (5 * 4 + 2 * 3 + 6) + 2 * (5 * 100 + 3 * 30)
    assert predicted(Darts(options), "nasnet") is None  # its sep_conv_7x7 is no operation of the search


def test_the_operations_timed_are_those_that_the_network_runs() -> None:
    options = NatsOptions(channels=4, cells=2, image_size=9)
    for operation in OPERATIONS[1:]:
        network = Nats(options).build(text([operation] * 6))
        edges = [module for name, module in network.named_modules() if "<-" in name.rpartition(".")[2]]
        assert input_shapes(network, edges, (3, 9, 9)) == {
            t.shape: 6 * t.count for t in Nats(options).timed() if t.operation == operation
        }


def input_shapes(network: nn.Module, modules: list[nn.Module], image: tuple[int, ...]) -> Counter[tuple[int, ...]]:
    """How often each shape (channels, height, width) enters one of ``modules`` in a pass of ``network``."""
    seen: Counter[tuple[int, ...]] = Counter()
    for module in modules:
        module.register_forward_pre_hook(lambda _, given: seen.update([tuple(given[0].shape[1:])]))
    network.eval()(torch.randn(1, *image))
    return seen


def test_measuring_leaves_no_trace() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    median, iqr = network_latency(network.train(), (3, 8, 8), torch.device("cpu"), threads=2)
    assert 0 < median < 1000 and iqr >= 0
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"device": "cuda (NVIDIA H100)"}, r"device cuda \(NVIDIA H100\), here cpu"),
        ({"threads": 2}, "threads 2, here 1"),
        ({"batch_size": 64}, "batch_size 64, here 1"),
        ({"channels": 36, "cells": 20}, "channels 36, here 8; cells 20, here 1"),
    ],
)
def test_a_table_of_other_conditions_is_refused_unless_told(
    changed: dict[str, Any], named: str, tmp_path: Path
) -> None:
    table = made_table().model_copy(update={"conditions": HERE.model_copy(update=changed)})
    write(table, tmp_path / "other.json")
    with pytest.raises(BadInput, match=f"{named}.*--any-latency"):
        planned(tmp_path / "other.json")
    (trial,) = planned(tmp_path / "other.json", any_latency=True).trials
    assert trial.options.model_dump()["latency"] == tuple(made_table().option())
    assert "H100" in trial.options.latency_source or "device" not in changed


def test_a_table_of_another_space_is_refused_even_then(tmp_path: Path) -> None:
    write(made_table().model_copy(update={"conditions": HERE.model_copy(update={"space": "darts"})}), tmp_path / "d")
    with pytest.raises(BadInput, match="of the space darts, not of nats"):
        read(tmp_path / "d", HERE, any_conditions=True)


@pytest.mark.parametrize("content", ["", "[]", '{"rows": []}', "\xff"])
def test_what_is_no_table_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "no.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInput, match="no latency table"):
        planned(tmp_path / "no.json")
    with pytest.raises(BadInput, match=r"cannot read .*No such file"):
        planned(tmp_path / "nowhere.json")


def test_two_sources_of_latencies_are_refused(path: Path) -> None:
    with pytest.raises(BadInput, match="both --latency and"):
        planned(path, "space.latency=[1, 2, 3, 4, 5]")


def test_the_hash_depends_on_the_values_and_not_on_the_path(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    copy = Path(write_copy(path, tmp_path / "elsewhere" / "copy.json", lambda plain: plain))
    slower = write_copy(path, tmp_path / "slower.json", lambda plain: plain["rows"][-1].update(median_ms=9.0))
    hashes = [planned(p).trials[0].hash for p in (path, copy, slower)]
    assert hashes[0] == hashes[1] != hashes[2]
    # A run opened again with other figures is another run: the frozen figures tell.
    assert planned(path).config["known"]["space.latency"] == made_table().option()


def write_copy(source: Path, target: Path, change: Any) -> Path:
    plain = json.loads(source.read_text(encoding="utf-8"))
    change(plain)
    target.write_text(json.dumps(plain), encoding="utf-8")
    return target


def test_a_record_holds_what_alpha_and_the_found_network_cost(path: Path, tmp_path: Path) -> None:
    made = planned(path, "epochs=1", "limit=64", evaluate="none", out=tmp_path / "run", serial=True)
    Store.open_run(made.folder, made.config, ())
    run_job(made.trials[0], made.environment)
    store = Store(made.folder)
    (record,) = store.collect().to_dict("records")
    history = store.history([record["trial"]])
    alpha = torch.tensor(json.loads(history["alpha"].iloc[-1])["cell"])
    latency = torch.tensor([0.0, 0.5, 2.0, 4.0, 1.0])
    by_hand = sum(float(e / e.sum() @ latency) / 1.5 for e in alpha.exp())  # 7.5 / 5 = 1.5
    assert record["latency_expected"] == pytest.approx(by_hand, rel=1e-6)
    assert history["latency_expected"].iloc[0] == pytest.approx(6, abs=0.02)  # α starts at zero: the mean, six times
    edges = json.loads(record["edges"])
    assert record["latency_predicted_ms"] == pytest.approx(3 * sum(2 * MS[e["operation"]] for e in edges))
    assert record["latency_ms"] > 0 and record["latency_iqr_ms"] >= 0
    assert record["latency_source"].startswith("measured: cpu (") and record["latency_source"].endswith("threads 1")


def test_the_command_writes_what_a_run_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "deep" / "table.json"
    words = f"harness latency --space nats --device cpu --set evaluation.cells=2 --json --out {path}"
    monkeypatch.setattr("sys.argv", words.split())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    table = read(path, HERE.model_copy(update={"cells": 2}))
    assert json.loads(capsys.readouterr().out) == json.loads(path.read_text(encoding="utf-8"))
    assert {row.count for row in table.rows} == {2} and len(table.rows) == 15
    none, skip, conv1, conv3, pool = table.option()
    assert 0 == none < skip < min(conv1, conv3, pool)
    assert planned(path, "evaluation.cells=2").trials[0].options.model_dump()["latency"] == tuple(table.option())


def test_a_space_without_operations_has_no_latencies() -> None:
    assert not provides(Bilevel, Timeable) and not Bilevel().priced
