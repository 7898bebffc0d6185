"""An archive is its run: read back equal, the same bytes twice, and refused where it is damaged."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

import results
from results.archive import MANIFEST, MEMBERS, pack
from results.errors import BadInput
from results.store import Run, Store

CONFIG: dict[str, Any] = {"space": "nats", "algorithms": ["rarts", "darts1"], "seeds": [0], "note": "α ≤ 1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of three trials: one with missing values and odd hyperparameters, one diverged, one failed."""
    store = Store.open_run(tmp_path / "run", CONFIG, ())
    first = {"status": "done", "algorithm": "rarts", "seed": 0, "test_error": 0.1 + 0.2, "rank": None, "error": "ü"}
    store.write_record(
        "aa", [first | {"eval_dataset": name, "hp.lr": 0.025, "hp.nested": [1, "x"]} for name in ("a", "b")]
    )
    store.write_history("aa", [{"epoch": 0, "train_loss": float("inf")}, {"epoch": 1, "table_accuracy.a": 90.5}])
    store.write_record("bb", [{"status": "diverged", "algorithm": "darts1", "seed": 2**62, "val_error": float("nan")}])
    store.write_error("cc", "Traceback\nValueError: no")
    return tmp_path / "run"


def same(first: Run, second: Run) -> None:
    assert_frame_equal(first.records, second.records)
    assert_frame_equal(first.history, second.history)
    assert first.config == second.config and list(first.config) == list(second.config)


def test_an_archive_reads_as_its_folder(folder: Path, tmp_path: Path) -> None:
    archive = pack(folder, tmp_path / "kept" / "it.zip")
    read = results.load(archive)
    same(read, results.load(folder))
    assert len(read.records) == 4 and len(read.history) == 2 and read.path == archive


def test_a_folder_that_holds_only_an_archive_is_a_run(folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    pack(folder, alone / "run.zip")
    same(results.load(str(alone)), results.load(folder))
    assert results.load(alone).path == alone / "run.zip"
    # The folder's own files are the truth where both are there.
    pack(folder, folder / "run.zip")
    assert results.load(folder).path == folder


def test_packing_twice_and_packing_an_archive_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = pack(folder, tmp_path / "1.zip").read_bytes()
    assert pack(folder, tmp_path / "2.zip").read_bytes() == first
    assert pack(tmp_path / "1.zip", tmp_path / "3.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert archive.namelist() == [*MEMBERS, MANIFEST]


def test_a_flipped_byte_is_refused_or_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """In a member's bytes refused; a zip has bits beside them (a date, a stream's last padding) that nothing reads."""
    path = pack(folder, tmp_path / "run.zip")
    whole, expected = path.read_bytes(), results.load(folder)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    inside = set()
    for member in members:
        start = member.header_offset + 30 + len(member.filename)
        inside |= {start, start + member.compress_size // 2}
    for place in sorted(inside | set(range(0, len(whole), len(whole) // 150))):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        try:
            read = results.load(path)
        except BadInput as error:
            assert "run.zip" in str(error) and "\n" not in str(error)
        else:
            assert place not in inside
            same(read, expected)


def test_what_is_cut_off_or_no_archive_is_refused(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "run.zip")
    whole = path.read_bytes()
    for content in (b"", b"PK", b"not a zip", whole[:-1], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=r"run\.zip is not a whole archive"):
            results.load(path)


def changed(path: Path, **members: bytes) -> None:
    """Write the archive anew with other contents under sound CRCs."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in (contents | members).items():
            archive.writestr(name, data)
    path.write_bytes(buffer.getvalue())


def test_a_member_that_was_exchanged_is_refused(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "run.zip")
    changed(path, **{"config.yaml": b"space: darts\n"})
    with pytest.raises(BadInput, match="manifest"):
        results.load(path)


def test_another_format_is_named(folder: Path, tmp_path: Path) -> None:
    path = pack(folder, tmp_path / "run.zip")
    changed(path, **{MANIFEST: json.dumps({"format": 2, "sha256": {}}).encode()})
    with pytest.raises(BadInput, match="format 2, not 1"):
        results.load(path)


def test_a_configuration_that_would_run_code_is_refused(folder: Path, tmp_path: Path) -> None:
    path, hostile = pack(folder, tmp_path / "run.zip"), b"!!python/object/apply:os.getcwd []\n"
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    manifest["sha256"]["config.yaml"] = hashlib.sha256(hostile).hexdigest()
    changed(path, **{"config.yaml": hostile, MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BadInput, match="not a whole archive"):
        results.load(path)


def test_only_a_run_is_packed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a run's folder"):
        pack(tmp_path, tmp_path / "run.tar")
    assert not (tmp_path / "run.tar").exists()


def test_a_file_of_the_run_is_not_replaced_by_its_archive(folder: Path, tmp_path: Path) -> None:
    before = (folder / "config.yaml").read_bytes()
    with pytest.raises(BadInput, match=r"config\.yaml is there and no archive: name another file"):
        pack(folder, folder / "config.yaml")
    assert (folder / "config.yaml").read_bytes() == before
    assert pack(folder, pack(folder, tmp_path / "it.zip")).exists(), "an archive is replaced"
