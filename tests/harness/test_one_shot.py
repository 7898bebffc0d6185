"""Scores of a trained supernet: against a slow oracle of the same weights; what a run leaves; what is refused."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from equal_runs import assert_same, frames
from faults import Faults
from plain_supernet import PlainSupernet

import harness
from harness.__main__ import main
from harness.config.sections import Environment
from harness.measuring.correlation import sample
from harness.measuring.one_shot import kept_by, score_all, trained
from spaces.base import Mix
from spaces.nats import Nats
from spaces.nats_supernet import Supernet

SMALL = {"epochs": 2, "limit": 64, "batch_size": 16, "random_ws.k": 3, "diagnostics.lambda_every": 0}


def searched(folder: Path, real_data: Path, **more: bool) -> Path:
    """A run of three searches on the digits, one of them twice."""
    table = real_data / "nats" / "tss.parquet"
    for names, seeds in ((["random_ws", "pcdarts"], [0]), (["rarts"], [0, 1])):
        harness.compare(
            *(names, "nats", seeds, "quick"),
            quiet=True,
            out=folder,
            table=table,
            eval_datasets=["cifar10"],
            overrides=SMALL,
            serial=True,
            **more,  # type: ignore[arg-type]
        )
    return folder


@pytest.fixture(scope="module")
def kept(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return searched(tmp_path_factory.mktemp("kept"), real_data, keep_supernet=True)


@pytest.fixture
def table(real_data: Path) -> Path:
    return real_data / "nats" / "tss.parquet"


@pytest.mark.parametrize("named", ["random_ws", "rarts:1"])
def test_a_cells_score_is_that_of_an_edge_at_a_time_with_the_same_weights(kept: Path, table: Path, named: str) -> None:
    folder, config = kept_by(f"{kept}:{named}")
    task, search = trained(config, Environment(run=str(folder), table=str(table)))
    cells, batches = sample(Nats(), 20, seed=1), task.fixed(40, 16)
    assert [len(batch.y) for batch in batches] == [16, 16, 8]
    found = score_all(search, cells, batches, lambda genotypes: genotypes)
    assert found["arch"].tolist() == cells
    merged = search.space.supernet()
    assert isinstance(merged, Supernet)
    merged.load_state_dict(search.reported.views(), strict=False)
    plain = PlainSupernet(merged)
    for cell, score in zip(cells, found["supernet"], strict=True):
        mix = Mix({name: w.float() for name, w in Nats().one_hot(cell).items()})
        with torch.no_grad():
            hits = sum(int((plain(batch.x, mix).argmax(1) == batch.y).sum()) for batch in batches)
        assert score == pytest.approx(100 * hits / 40)
    assert found["supernet"].nunique() > 3  # the weights are shared, the answers are not


def test_what_is_kept_is_what_the_search_ended_with_and_changes_no_record(
    kept: Path, table: Path, real_data: Path, tmp_path: Path
) -> None:
    assert_same(frames(searched(tmp_path, real_data)), frames(kept))
    assert not list(tmp_path.glob("trials/*/*.pt"))
    assert sorted(path.name for path in kept.glob("trials/*/*.pt")) == ["supernet.pt"] * 4
    folder, config = kept_by(f"{kept}:rarts:0")
    _, search = trained(config, Environment(run=str(folder), table=str(table)))
    history = frames(kept)[1]
    own = history[(history["algorithm"] == "rarts") & (history["seed"] == 0)]
    alpha = {name: torch.tensor(rows) for name, rows in json.loads(own["alpha"].iloc[-1]).items()}
    assert {name: a.tolist() for name, a in search.alpha.views().items()} == {n: a.tolist() for n, a in alpha.items()}


def test_the_command_ranks_a_sample_by_the_kept_weights(
    kept: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = tmp_path / "values.csv"
    words = f"correlate --cells 12 --seed 3 --images 40 --table {table} --out {values} --json --supernet {kept}:"

    def told_of(*searches: str) -> dict[str, Any]:
        asked = f"--supernet {kept}:".join(f"{search} " for search in searches)
        monkeypatch.setattr(sys, "argv", ["harness", *f"{words}{asked}".split()])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    both = told_of("rarts:0", "random_ws")
    assert {row["score"] for row in both["scores"]} == {"supernet of rarts seed 0", "supernet of random_ws seed 0"}
    first, second = both["scores"]
    assert first["behind"] is None and second["behind"] == pytest.approx(abs(first["kendall"]) - abs(second["kendall"]))
    told = told_of("random_ws")
    folder, config = kept_by(f"{kept}:random_ws:0")
    assert (told["images"], told["dataset"]) == (40, "cifar10") and config.hash in told["supernets"]["supernet"]
    assert [row["score"] for row in told["scores"]] == ["supernet"]
    task, search = trained(config, Environment(run=str(folder), table=str(table)))
    cells = sample(Nats(), 12, seed=3)
    again = score_all(search, cells, task.fixed(40, 16), lambda genotypes: genotypes)
    written = pd.read_csv(values)
    assert written["arch"].tolist() == cells and written["supernet"].tolist() == again["supernet"].tolist()


def test_what_is_not_there_or_cannot_score_is_one_line(kept: Path, table: Path, fault: Faults) -> None:
    def refused(*words: str) -> str:
        return fault("correlate --table", table, "--supernet", *words)

    assert "write RUN, RUN:ALGORITHM or RUN:ALGORITHM:SEED" in refused("nowhere")
    assert "write RUN, RUN:ALGORITHM or RUN:ALGORITHM:SEED" in refused(f"{kept}:rarts:0:1")
    assert "4 trials that left one; name one of " in refused(str(kept))
    assert "2 trials that left one" in refused(f"{kept}:rarts")
    assert "0 trials that left one" in refused(f"{kept}:gdas")
    assert "pcdarts searches a supernet that does not run every cell whole" in refused(f"{kept}:pcdarts")
    assert "--space macro, but" in refused(f"{kept}:random_ws", "--space", "macro")
    twice = refused(f"{kept}:rarts:0", "--supernet", f"{kept}:rarts:0")
    assert "two of --supernet are of one algorithm and seed" in twice
    assert "--images are what --supernet is scored on" in fault("correlate --images 10 --table", table)


def test_damage_other_data_and_a_run_that_left_none_are_one_line(
    kept: Path, table: Path, tmp_path_factory: pytest.TempPathFactory, fault: Faults
) -> None:
    copied = tmp_path_factory.mktemp("copied") / "run"
    shutil.copytree(kept, copied)
    _, config = kept_by(f"{copied}:random_ws")
    words = "correlate --table", table, "--supernet", f"{copied}:random_ws"
    path = copied / "trials" / config.hash / "supernet.pt"
    whole = path.read_bytes()
    path.write_bytes(whole[:-200] + bytes([whole[-200] ^ 1]) + whole[-199:])
    assert "supernet.pt is damaged: search again with --keep-supernet" in fault(*words)
    (other,) = {*copied.glob("trials/*/supernet.pt")} - {
        copied / "trials" / kept_by(f"{copied}:{name}")[1].hash / "supernet.pt"
        for name in ("random_ws", "pcdarts", "rarts:0")
    }
    path.write_bytes(other.read_bytes())
    assert "does not belong to this trial" in fault(*words)
    for left in copied.glob("trials/*/supernet.pt"):
        left.unlink()
    assert "no trial of" in (error := fault(*words)) and "--keep-supernet" in error
