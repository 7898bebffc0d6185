"""A report made from an archive is the report of its run's folder, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import results
from reports.page import write
from results.archive import pack
from results.store import Run, Store

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_report_of_an_archive_is_that_of_its_folder(make: Make, run: Build, tmp_path: Path) -> None:
    records = [make("rarts", 0, 5.64), make("rarts", 1, 8.37), make("darts1", 0, 12.0), make("darts1", 1, 45.7)]
    made = run(*records)
    store = Store.open_run(tmp_path / "run", made.config, ())
    for record in records:
        rows = made.history[made.history["trial"] == record["trial"]].drop(columns="trial")
        store.write_history(record["trial"], [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")])
        store.write_record(record["trial"], [record])
    archive = pack(tmp_path / "run", tmp_path / "elsewhere" / "run.zip")
    write([results.load(tmp_path / "run")], tmp_path / "of folder")
    write([results.load(archive)], tmp_path / "of archive")
    expected = bytes_of(tmp_path / "of folder")
    assert len(expected["index.html"]) > 10_000 and "tables/trials.csv" in expected
    assert bytes_of(tmp_path / "of archive") == expected
