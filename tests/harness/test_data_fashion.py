"""Fashion-MNIST: read back equal to its bytes, known by its published figures, refused in one line where altered."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.data.datasets import load
from harness.data.fashion_mnist import FOLDERS
from results.errors import BadInput

DEBIAN = Path("/usr/share/datasets")


def idx(values: np.ndarray) -> bytes:
    """An IDX file's bytes."""
    return bytes((0, 0, 8, values.ndim)) + np.array(values.shape, dtype=">i4").tobytes() + values.tobytes()


def written(folder: Path, packed: bool = True) -> dict[str, np.ndarray]:
    """Twenty training and ten test images in ``folder``, by file."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 20), ("t10k", 10)):
        files[f"{part}-images-idx3-ubyte"] = random.integers(256, size=(count, 28, 28), dtype=np.uint8)
        files[f"{part}-labels-idx1-ubyte"] = random.integers(10, size=count, dtype=np.uint8)
    for name, values in files.items():
        path, text = folder / name, idx(values)
        path.with_name(name + ".gz").write_bytes(gzip.compress(text)) if packed else path.write_bytes(text)
    return files


@pytest.mark.parametrize("inside", FOLDERS)
@pytest.mark.parametrize("packed", [True, False])
def test_images_and_labels_equal_the_files(tmp_path: Path, inside: str, packed: bool) -> None:
    root = tmp_path / "data"
    files = written(root / inside, packed)
    data = load("fashion_mnist", root)
    parts = (data.train_x[:, 0], data.train_y, data.test_x[:, 0], data.test_y)
    assert all((part.numpy() == values).all() for part, values in zip(parts, files.values(), strict=True))
    assert data.sample and "a sample" in data.source and data.channels == 1 and data.classes == 10


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("train-images-idx3-ubyte", lambda text: text[:-1], "truncated or altered"),
        ("train-images-idx3-ubyte", lambda text: b"\1" + text[1:], "truncated or altered"),
        ("t10k-labels-idx1-ubyte", lambda text: text[:2], "truncated or altered"),
        ("t10k-images-idx3-ubyte", lambda text: text[:6], "truncated or altered"),
        ("t10k-images-idx3-ubyte", lambda text: text[:4] + b"\xff" + text[5:], "truncated or altered"),
        ("t10k-labels-idx1-ubyte", lambda text: text[:-1] + b"\x0a", "do not make 10 classes"),
        ("train-labels-idx1-ubyte", lambda text: idx(np.zeros(19, dtype=np.uint8)), "20 images and 19 labels"),
        ("train-labels-idx1-ubyte", lambda text: idx(np.zeros(0, dtype=np.uint8)), "20 images and 0 labels"),
        ("t10k-images-idx3-ubyte", None, "its four IDX files are not in"),
    ],
)
def test_altered_files_are_refused_in_one_line(tmp_path: Path, name: str, change: object, fault: str) -> None:
    folder = tmp_path / "data" / "fashion-mnist"
    written(folder, packed=False)
    path = folder / name
    path.write_bytes(change(path.read_bytes())) if callable(change) else path.unlink()
    with pytest.raises(BadInput, match=fault) as raised:
        load("fashion_mnist", folder.parent)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-9], lambda text: text[:14] + b"\xff\xff" + text[16:], lambda _: b""]
)
def test_damaged_packing_is_refused_in_one_line(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    folder = tmp_path / "data" / "fashion-mnist"
    written(folder)
    path = folder / "train-labels-idx1-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadInput, match=r"cannot be read|truncated") as raised:
        load("fashion_mnist", folder.parent)
    assert "\n" not in str(raised.value)


def test_as_many_images_of_another_set_are_refused(tmp_path: Path) -> None:
    """MNIST's files are called the same and are as long."""
    folder = tmp_path / "data" / "fashion-mnist"
    folder.mkdir(parents=True)
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx(np.zeros((count, 28, 28), dtype=np.uint8)))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx(np.zeros(count, dtype=np.uint8)))
    with pytest.raises(BadInput, match="that are not Fashion-MNIST's"):
        load("fashion_mnist", folder.parent)


def test_where_there_is_nothing_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="install dataset-fashion-mnist on Debian"):
        load("fashion_mnist", tmp_path)


@pytest.mark.skipif(not (DEBIAN / "fashion-mnist").is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_real_images_have_the_published_figures() -> None:
    """6,000 and 1,000 images a class (its paper); mean 0.2860, deviation 0.3530, by which all the field normalises."""
    data = load("fashion_mnist", DEBIAN)
    assert data.train_y.bincount().tolist() == [6_000] * 10 and data.test_y.bincount().tolist() == [1_000] * 10
    assert round(data.mean[0], 4) == 0.2860 and round(data.std[0], 4) == 0.3530
    assert not data.sample
