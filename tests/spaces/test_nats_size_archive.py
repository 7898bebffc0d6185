"""The official size archive: its three sample settings against the table file, and what is refused."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import nats_bench
import pandas as pd
import pytest

from results.errors import BadInput
from spaces.nats_benchmark import DATASETS
from spaces.nats_size import NatsSize
from spaces.nats_size_archive import SizeArchive
from spaces.nats_size_table import SizeTable

SAMPLE = ("8:8:8:8:8", "8:8:8:16:32", "8:8:40:32:40")
"""The archive's settings 0, 11 and 284."""


@pytest.fixture(scope="module")
def folder(nats_data: Path) -> Path:
    return nats_data / "archive-sample" / "NATS-sss-v1_0-50262-simple"


@pytest.fixture(scope="module")
def archive(folder: Path) -> SizeArchive:
    opened = NatsSize.open_table(folder)
    assert isinstance(opened, SizeArchive)
    return opened


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_archive_and_the_table_file_agree(archive: SizeArchive, nats_data: Path, dataset: str) -> None:
    table = SizeTable(nats_data / "sss.parquet")
    for setting in SAMPLE:
        ours, theirs = archive.score(setting, dataset), table.score(setting, dataset)
        for figure in ("test_accuracy", "params", "flops", "cost_seconds"):
            assert getattr(ours, figure) == getattr(theirs, figure), figure
        assert archive.figure(setting, f"{dataset}_flops_M") == table.figure(setting, f"{dataset}_flops_M")


@pytest.mark.parametrize("dataset", DATASETS)
def test_it_says_what_nats_bench_itself_says(archive: SizeArchive, folder: Path, dataset: str) -> None:
    api = nats_bench.create(str(folder), "sss", fast_mode=True, verbose=False)
    for index, setting in zip((0, 11, 284), SAMPLE, strict=True):
        info = api.get_more_info(index, dataset, hp="90", is_random=False)
        assert archive.score(setting, dataset).test_accuracy == pytest.approx(info["test-accuracy"], abs=1e-6)


def test_an_archive_in_part_has_no_ranks_and_says_so(archive: SizeArchive) -> None:
    score = archive.score(SAMPLE[0], "cifar10")
    assert not archive.complete and archive.everyone("cifar10") is None
    assert (score.rank, score.percentile, score.regret) == (None, None, None)
    assert "3 of 32,768 settings: no rank" in score.source
    with pytest.raises(BadInput, match=r"lacks setting 1, 8:8:8:8:16; give the folder of NATS-sss"):
        archive.score("8:8:8:8:16", "cifar10")
    with pytest.raises(BadInput, match="is no network of the size space"):
        archive.score("8:8:8:8:9", "cifar10")


def test_folders_that_are_no_size_archive_are_bad_input(nats_data: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"it holds no meta\.pickle\.pbz2; give"):
        SizeArchive(tmp_path)
    (tmp_path / "meta.pickle.pbz2").write_bytes(b"not bz2")
    with pytest.raises(BadInput, match=r"meta\.pickle\.pbz2 cannot be read"):
        SizeArchive(tmp_path)
    with pytest.raises(BadInput, match=r"another space than the 32,768 settings of widths"):
        SizeArchive(nats_data / "archive-sample" / "NATS-tss-v1_0-3ffb9-simple")


def test_a_damaged_setting_is_bad_input(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "meta.pickle.pbz2", tmp_path)
    whole = (folder / "000011.pickle.pbz2").read_bytes()
    (tmp_path / "000011.pickle.pbz2").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"setting 11 of .* cannot be read"):
        SizeArchive(tmp_path).score(SAMPLE[1], "cifar10")


def test_a_whole_archive_ranks_as_the_table_file_and_makes_one(
    folder: Path, nats_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of the sample the files are read; all others are there by name, with the figures of the table."""
    shutil.copytree(folder, tmp_path / "archive")
    for index in range(32_768):
        (tmp_path / "archive" / f"{index:06d}.pickle.pbz2").touch()
    archive, table = SizeArchive(tmp_path / "archive"), SizeTable(nats_data / "sss.parquet")
    assert archive.complete and archive.description == "official NATS-Bench archive archive"
    frame = pd.read_parquet(nats_data / "sss.parquet").drop(columns="index").set_index("arch")
    others = frame.drop(index=list(SAMPLE))
    archive._figures.update(zip(others.index, others.to_dict("records"), strict=True))
    with caplog.at_level(logging.WARNING):
        for setting in (*SAMPLE, "64:64:64:64:64"):
            ours, theirs = archive.score(setting, "cifar100"), table.score(setting, "cifar100")
            assert (ours.rank, ours.percentile, ours.regret) == (theirs.rank, theirs.percentile, theirs.regret)
    assert caplog.text.count("takes minutes") == 1
    archive.frame().to_parquet(tmp_path / "table.parquet")
    # Had one figure another value, the file would not hold the published ones.
    assert SizeTable(tmp_path / "table.parquet").content_digest == table.content_digest
