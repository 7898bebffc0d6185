"""Torchvision's pickled CIFAR: its integrity check stands before the first pickle, and downloads fail in one line."""

import hashlib
import os
import pickle
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from harness.data import DATASETS
from harness.data.datasets import load
from results.errors import BadInput

FILES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


class Trap:
    """A pickle of this makes a folder when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def write(folder: Path, name: str, content: object) -> str:
    folder.mkdir(exist_ok=True)
    data = pickle.dumps(content)
    (folder / name).write_bytes(data)
    return hashlib.md5(data).hexdigest()


@pytest.fixture
def checksummed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A small folder in torchvision's format whose checksums stand where the official ones do; returns its pixels."""
    folder = tmp_path / CIFAR10.base_folder
    pixels = np.random.default_rng(0).integers(0, 256, (6, 2, 3_072), dtype=np.uint8)
    entries = [
        [name, write(folder, name, {"data": rows, "labels": [i, 9 - i]})]
        for i, (name, rows) in enumerate(zip(FILES, pixels, strict=True))
    ]
    names = write(folder, "batches.meta", {"label_names": list("abcdefghij")})

    class Small(CIFAR10):
        train_list, test_list = entries[:5], entries[5:]
        meta: ClassVar = {**CIFAR10.meta, "md5": names}
        url = "http://127.0.0.1:9/nothing-listens-here.tar.gz"

    monkeypatch.setattr(DATASETS["cifar10"], "torchvision_class", Small)
    return pixels


@pytest.mark.parametrize("inside", [False, True])
def test_images_come_back_as_planar_rgb_with_their_labels(
    tmp_path: Path, checksummed: np.ndarray, inside: bool
) -> None:
    data = load("cifar10", tmp_path / CIFAR10.base_folder if inside else tmp_path)
    assert np.array_equal(data.train_x.flatten(1).numpy(), checksummed[:5].reshape(10, -1))
    assert np.array_equal(data.test_x.flatten(1).numpy(), checksummed[5])
    assert data.train_y.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5] and data.test_y.tolist() == [5, 4]
    assert data.train_x.is_contiguous() and "torchvision" in data.source


def test_binary_files_are_preferred(tmp_path: Path, checksummed: np.ndarray) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in FILES:
        (folder / f"{name}.bin").write_bytes(bytes(3_073))
    assert load("cifar10", tmp_path).train_x.sum() == 0


@pytest.mark.parametrize("file", ["data_batch_1", "test_batch", "batches.meta"])
def test_an_altered_pickle_is_refused_unread(tmp_path: Path, checksummed: np.ndarray, file: str) -> None:
    trap = tmp_path / "sprung"
    write(tmp_path / CIFAR10.base_folder, file, Trap(trap))
    with pytest.raises(BadInput, match=r"damaged or altered .*MD5.*; fetch it again with --download$"):
        load("cifar10", tmp_path)
    assert not trap.exists()


def test_a_folder_without_the_official_checksums_is_refused_unread(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    for name in [*FILES, "batches.meta"]:
        write(tmp_path / CIFAR10.base_folder, name, Trap(trap))
    with pytest.raises(BadInput, match="damaged or altered"):
        load("cifar10", tmp_path)
    assert not trap.exists()
    # The trap is a real one.
    with (tmp_path / CIFAR10.base_folder / "test_batch").open("rb") as file:
        pickle.load(file)
    assert trap.exists()


def test_a_failed_download_is_one_line(tmp_path: Path, checksummed: np.ndarray) -> None:
    (tmp_path / CIFAR10.base_folder / "data_batch_3").unlink()
    with pytest.raises(BadInput) as raised:
        load("cifar10", tmp_path, download=True)
    message = str(raised.value)
    assert "could not be downloaded" in message and "--data-dir DIR" in message and "\n" not in message
