"""The run folder: what is written is read back, whole, and by one process at a time."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from filelock import FileLock, Timeout
from hypothesis import given, settings
from hypothesis import strategies as st

import results
from results import load
from results.atomic import replacing
from results.errors import BadInput
from results.schema import COLUMNS
from results.store import Store

FROZEN = ("space", "overrides")
CONFIG: dict[str, Any] = {
    "space": "nats",
    "algorithms": ["rarts"],
    "seeds": [0, 1],
    "threads": 1,
    "overrides": {"lr": 0.025, "rarts": {"lam": 1.0}},
}

VALUES = {
    "str": st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "float64": st.none() | st.floats() | st.integers(-(2**53), 2**53),
    "boolean": st.none() | st.booleans(),
}
HYPERPARAMETERS = {
    "hp.lr": "float64",
    "hp.space.channels": "Int64",
    "hp.rarts.nesterov": "boolean",
    "hp.optimiser": "str",
}
FILLED = ("trial", "title", "role", "variant")
"""Columns that a frame has a value in, whatever the row says."""

ROWS = st.lists(
    st.fixed_dictionaries(
        {}, optional={n: VALUES[t] for n, t in {**COLUMNS, **HYPERPARAMETERS}.items() if n not in FILLED}
    ),
    min_size=1,
    max_size=3,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open_run(tmp_path / "run", CONFIG, FROZEN)


def same(written: Any, read: Any) -> bool:
    missing = written is None or (isinstance(written, float) and math.isnan(written))
    return bool(pd.isna(read)) if missing else bool(written == read)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_a_record_is_read_back_as_it_was_written(rows: list[dict[str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        store = Store.open_run(Path(folder), CONFIG, FROZEN)
        store.write_record("abc", rows)
        frame = store.collect()
        by_rank = {**dict.fromkeys(COLUMNS), **dict.fromkeys(name for row in rows for name in row)}
        assert list(frame.columns) == list(by_rank)
        # Within a trial the frame is sorted by other columns, so each row is told apart by being found once.
        left = frame.to_dict("records")
        for row in rows:
            found = next(
                i for i, read in enumerate(left) if all(same(row.get(n), read[n]) for n in by_rank if n not in FILLED)
            )
            read = left.pop(found)
            assert (read["trial"], read["variant"], read["role"]) == ("abc", "", "")
            assert same(row.get("algorithm"), read["title"])
        assert left == []
        pd.testing.assert_frame_equal(pd.read_parquet(Path(folder) / "records.parquet"), frame)
        pd.testing.assert_frame_equal(load(folder).records, frame)


def test_infinity_and_nan_survive(store: Store) -> None:
    store.write_record(
        "a", [{"test_error": math.nan, "val_error": math.inf, "lambda_max": -math.inf, "hp.lr": math.inf}]
    )
    row = store.collect().iloc[0]
    assert math.isnan(row["test_error"])
    assert (row["val_error"], row["lambda_max"], row["hp.lr"]) == (math.inf, -math.inf, math.inf)
    assert '"test_error": null' in (store.trial_dir("a") / "record.json").read_text()


def test_a_new_attempt_forgets_why_the_one_before_failed(store: Store) -> None:
    known = {"algorithm": "rarts", "seed": 0}
    store.write_config("a", {}, known)
    store.write_error("a", "MemoryError: no room")
    assert store.records()["status"].tolist() == ["failed"]
    store.write_config("a", {}, known)
    assert store.records().empty, "killed now, it has not failed"


def test_only_ended_trials_are_in_the_records(store: Store) -> None:
    for trial in ("done", "diverged", "failed", "running", "interrupted"):
        store.write_config(trial, {"lr": 0.1}, {"algorithm": "rarts", "seed": 7, "hp.lr": 0.1})
        store.write_history(trial, [{"epoch": 0}])
    store.write_record("done", [{"status": "done", "eval_dataset": "cifar10"}, {"status": "done"}])
    store.write_record("diverged", [{"status": "diverged", "error": "loss is not finite"}])
    store.write_error("failed", "Traceback (most recent call last):\n  File …\nMemoryError: no room\n")
    # Killed after the record was written and before it was marked done: it will be run again, and is not in error.
    store.write_record("interrupted", [{"status": "done"}])
    (store.trial_dir("interrupted") / "done").unlink()
    store.write_error("interrupted", "KeyError: from an earlier attempt")
    run = load(store.folder)
    assert run.records.groupby("trial")["status"].agg(list).to_dict() == {
        "done": ["done", "done"],
        "diverged": ["diverged"],
        "failed": ["failed"],
    }
    failed = run.records.set_index("trial").loc["failed"]
    assert (failed["error"], failed["algorithm"], failed["seed"], failed["hp.lr"]) == (
        "MemoryError: no room",
        "rarts",
        7,
        0.1,
    )
    assert set(run.history["trial"]) == {"done", "diverged", "failed"}
    assert {trial for trial in ("done", "diverged", "failed", "running") if store.is_done(trial)} == {
        "done",
        "diverged",
    }


def test_a_trial_that_failed_before_it_had_a_configuration_is_reported(store: Store) -> None:
    store.write_error("early", "OSError: disk full")
    assert store.collect()[["trial", "status", "error"]].to_numpy().tolist() == [
        ["early", "failed", "OSError: disk full"]
    ]


def test_a_record_takes_the_place_of_an_error(store: Store) -> None:
    store.write_error("a", "ValueError: first attempt")
    store.write_record("a", [{"status": "done"}])
    assert store.collect()["status"].tolist() == ["done"]
    assert not (store.trial_dir("a") / "error.txt").exists()


def test_histories_of_different_columns_lie_one_below_the_other(store: Store) -> None:
    store.write_history(
        "a", [{"epoch": 0, "table_accuracy.cifar10": 90.0}, {"epoch": 1, "table_accuracy.cifar10": 91.0}]
    )
    store.write_history("b", [{"epoch": 0, "lambda_max": 2.0, "table_accuracy.cifar100": 70.0}])
    for trial in ("a", "b"):
        store.write_record(trial, [{"status": "done"}])
    history = load(store.folder).history
    assert history[["trial", "epoch"]].to_numpy().tolist() == [["a", 0], ["a", 1], ["b", 0]]
    assert history["table_accuracy.cifar10"].dropna().tolist() == [90.0, 91.0]
    assert history["table_accuracy.cifar100"].dropna().tolist() == [70.0]
    assert history["lambda_max"].dtype == "float64"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("ha")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_what_a_killed_process_left_half_written_is_ignored(store: Store) -> None:
    store.write_record("a", [{"status": "done"}])
    whole = store.collect()
    for name in ("record.json", "done", "error.txt", "history.parquet"):
        (store.trial_dir("b") / f".{name}.tmp").parent.mkdir(exist_ok=True)
        (store.trial_dir("b") / f".{name}.tmp").write_text('[{"status": "do')
    (store.folder / ".records.parquet.tmp").write_text("PAR")
    (store.folder / ".config.yaml.tmp").write_text("space: [")
    pd.testing.assert_frame_equal(store.collect(), whole)
    assert not store.is_done("b")
    assert load(store.folder).config == CONFIG


HOLDER = """
import sys, time
from pathlib import Path
from results.store import Store
with Store(Path(sys.argv[1])).lock("a"):
    print("held", flush=True)
    sys.stdin.readline()
    time.sleep(0.2)
    (Path(sys.argv[1]) / "released").touch()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_a_trial_is_held_by_one_process_until_it_lets_go_or_dies(store: Store, killed: bool) -> None:
    root = Path(results.__file__).parents[1]
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store.folder)],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    waits = []

    def on_wait() -> None:
        waits.append(holder.poll())
        if killed:
            holder.kill()
        else:
            print("let go", file=holder.stdin, flush=True)

    with holder:
        assert holder.stdout.readline() == "held\n"
        with store.lock("other", on_wait):
            assert waits == []
        with store.lock("a", on_wait):
            assert waits == [None]
            with pytest.raises(Timeout):
                FileLock(store.trial_dir("a") / ".lock").acquire(blocking=False)
            assert (store.folder / "released").exists() is not killed


def test_opening_again_adds_algorithms_and_seeds_and_takes_the_newest_of_the_rest(store: Store) -> None:
    again = {**CONFIG, "algorithms": ["darts1", "rarts"], "seeds": [3, 1], "threads": 2}
    grown = {**CONFIG, "algorithms": ["rarts", "darts1"], "seeds": [0, 1, 3], "threads": 2}
    Store.open_run(store.folder, again, FROZEN)
    assert load(store.folder).config == grown
    Store.open_run(store.folder, {**CONFIG, "threads": 4}, FROZEN)
    assert load(store.folder).config == {**grown, "threads": 4}


def test_a_configuration_is_compared_as_it_is_stored(tmp_path: Path) -> None:
    config = {**CONFIG, "overrides": {"milestones": (1, 2), "lr": 1e-5}}
    Store.open_run(tmp_path, config, FROZEN)
    Store.open_run(tmp_path, config, FROZEN)
    assert load(tmp_path).config["overrides"] == {"milestones": [1, 2], "lr": 1e-5}


@pytest.mark.parametrize(
    ("change", "name", "old", "new"),
    [
        ({"space": "darts"}, "space", "'nats'", "'darts'"),
        ({"overrides": {"lr": 0.1, "rarts": {"lam": 1.0}}}, "overrides.lr", "0.025", "0.1"),
        ({"overrides": {"lr": 0.025, "rarts": {"lam": 2.0}}}, "overrides.rarts.lam", "1.0", "2.0"),
        ({"overrides": {"rarts": {"lam": 1.0}}}, "overrides.lr", "0.025", "None"),
        ({"overrides": {**CONFIG["overrides"], "epochs": 3}}, "overrides.epochs", "None", "3"),
    ],
)
def test_a_frozen_value_that_differs_is_named_with_both_values(
    store: Store, change: dict[str, Any], name: str, old: str, new: str
) -> None:
    before = (store.folder / "config.yaml").read_text()
    with pytest.raises(BadInput) as caught:
        Store.open_run(store.folder, {**CONFIG, **change, "seeds": [9]}, FROZEN)
    message = str(caught.value)
    assert f"{name} = {old}, not {new}:" in message
    assert "\n" not in message
    assert (store.folder / "config.yaml").read_text() == before


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(BadInput, match="cannot write the run folder"):
            Store.open_run(folder, CONFIG, FROZEN)


def test_a_folder_that_is_no_run_is_refused_and_loading_writes_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a run's folder"):
        load(tmp_path)
    before = sorted(store.folder.rglob("*"))
    run = load(store.folder)
    assert (len(run.records), len(run.history)) == (0, 0)
    assert sorted(store.folder.rglob("*")) == before


@pytest.mark.parametrize("text", ["space: [", "- nats\n", ""])
def test_a_spoilt_configuration_is_named(store: Store, text: str) -> None:
    (store.folder / "config.yaml").write_text(text)
    for use in (lambda: load(store.folder), lambda: Store.open_run(store.folder, CONFIG, FROZEN)):
        with pytest.raises(BadInput, match=r"config\.yaml"):
            use()


def test_a_spoilt_record_is_named(store: Store) -> None:
    store.write_record("a", [{"status": "done"}])
    (store.trial_dir("a") / "record.json").write_text("[{")
    with pytest.raises(BadInput, match=r"record\.json was changed .* remove the folder"):
        store.collect()


def test_records_are_collected_in_one_order_whatever_the_order_of_writing(tmp_path: Path) -> None:
    frames = []
    for name, trials in (("one", "abcd"), ("two", "dbca")):
        store = Store.open_run(tmp_path / name, CONFIG, FROZEN)
        for trial in trials:
            store.write_record(trial, [{"algorithm": "rarts", "seed": 9 - ord(trial) % 4}])
        frames.append(store.collect())
    pd.testing.assert_frame_equal(frames[0], frames[1])
    assert frames[0]["seed"].is_monotonic_increasing
