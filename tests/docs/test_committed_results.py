"""Each committed run is one small archive: it holds what its folder held, and its report is its folder's."""

from __future__ import annotations

from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

import results
from reports.page import write
from results.store import Run, Store

DOCS = Path(__file__).parents[2] / "docs"
ARCHIVES = sorted(DOCS.rglob("run.zip"))

COUNTED = {
    "darts-s1-s4/s1": (18, 18, 194),
    "darts-s1-s4/s2": (18, 18, 192),
    "darts-s1-s4/s3": (18, 18, 191),
    "darts-s1-s4/s4": (18, 18, 197),
    "imagenet20": (1, 1, 0),
    "latency-weight/1080ti_1": (9, 9, 189),
    "latency-weight/1080ti_1-more": (6, 6, 126),
    "latency-weight/eyeriss": (9, 9, 189),
    "latency-weight/eyeriss-more": (6, 6, 126),
    "latency-weight/raspi4": (9, 9, 189),
    "latency-weight/raspi4-more": (3, 3, 63),
    "mini-darts": (15, 15, 81),
    "mini-macro": (5, 5, 55),
    "mini-nats": (46, 138, 3468),
    "mini-nats-x10": (22, 66, 242),
    "mini-table2": (9, 9, 54),
    "mini-table6": (15, 15, 165),
    "mini-width/cifar10-0.4": (12, 12, 60),
    "mini-width/cifar10-0.6": (9, 9, 45),
    "mini-width/cifar100-0.4": (12, 12, 60),
    "mini-width/cifar100-0.6": (9, 9, 45),
    "table2-devices": (27, 27, 162),
    "table2-quick": (27, 27, 81),
}
"""Trials, records and rows of history of each run's folder, counted before it was packed."""


def folder_of(run: Run, folder: Path) -> Path:
    """The run's folder again, written from its frames as the harness writes it."""
    store = Store.open_run(folder, run.config, ())
    for trial, rows in run.records.groupby("trial"):
        history = run.history[run.history["trial"] == trial].drop(columns="trial")
        store.write_history(str(trial), [{str(k): v for k, v in row.items()} for row in history.to_dict("records")])
        store.write_record(str(trial), [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")])
    return folder


def test_the_archives_are_those_of_the_runs_and_hold_all_of_them() -> None:
    runs = {str(path.parent.relative_to(DOCS)): results.load(path) for path in ARCHIVES}
    found = {name: (run.records["trial"].nunique(), len(run.records), len(run.history)) for name, run in runs.items()}
    assert {name: found[name] for name in COUNTED if name in found} == COUNTED
    assert all(path.stat().st_size < 300_000 for path in ARCHIVES)
    assert all(results.load(DOCS / name).path == DOCS / name / "run.zip" for name in COUNTED)


@pytest.mark.parametrize("name", ["imagenet20", "mini-table6"])
def test_an_archive_holds_its_folders_frames(name: str, tmp_path: Path) -> None:
    archived = results.load(DOCS / name)
    folder = results.load(folder_of(archived, tmp_path / "run"))
    assert_frame_equal(folder.records, archived.records)
    # A folder has its trials' histories in the order of the records.
    assert_frame_equal(folder.history[archived.history.columns], archived.history)
    assert folder.config == archived.config


def test_the_page_made_from_an_archive_is_its_folders_byte_for_byte(tmp_path: Path) -> None:
    archived = results.load(DOCS / "imagenet20")
    write([archived], tmp_path / "archive")
    write([results.load(folder_of(archived, tmp_path / "run"))], tmp_path / "folder")
    made = {
        kind: {str(p.relative_to(tmp_path / kind)): p.read_bytes() for p in (tmp_path / kind).rglob("*") if p.is_file()}
        for kind in ("archive", "folder")
    }
    assert "index.html" in made["archive"] and made["archive"] == made["folder"]
