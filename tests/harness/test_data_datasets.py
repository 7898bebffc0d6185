"""Data sets: read back equal to the bytes on disk, and refused in one line where the bytes are not right."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from cifar_files import write_cifar10
from sklearn.datasets import load_digits

from harness.data import DATASETS
from harness.data.augment import Augment
from harness.data.datasets import load
from results.errors import BadInput


@pytest.fixture(scope="module")
def small(real_data: Path) -> Path:
    return real_data / "small"


def test_digits_are_scikit_learns() -> None:
    data = load("digits")
    assert data.train_x.shape == (1_437, 1, 8, 8) and data.test_x.shape == (360, 1, 8, 8)
    assert data.classes == 10 and data.augment == Augment()
    everything = torch.cat([data.train_x, data.test_x]).numpy()
    original = load_digits()
    # 561,718 is the sum of the 0..16 values of all 1,797 images, a fact of the data set.
    assert original.images.sum() == 561_718
    assert np.rint(everything * (16 / 255)).sum() == 561_718
    rows = {image.tobytes() for image in everything}
    assert rows == {np.rint(image * 255 / 16).astype(np.uint8).tobytes() for image in original.images}
    labels = torch.cat([data.train_y, data.test_y])
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_test_part_is_stratified_and_fixed() -> None:
    first, second = load("digits"), load("digits")
    assert torch.equal(first.test_x, second.test_x)
    share = first.test_y.bincount() / torch.cat([first.train_y, first.test_y]).bincount()
    # A fifth of every class, to one image.
    assert ((share - 360 / 1_797).abs() * 178 < 1).all()
    # Pinned: the test part belongs to the data set, and results of two versions are compared on it.
    assert int(first.test_x.sum(dtype=torch.int64)) == 1_790_819


@pytest.mark.parametrize(
    ("name", "folder", "files", "label_bytes", "classes"),
    [
        ("cifar10", "cifar-10-batches-bin", [f"data_batch_{i}.bin" for i in range(1, 6)], 1, 10),
        ("cifar100", "cifar-100-binary", ["train.bin"], 2, 100),
    ],
)
def test_cifar_samples_equal_their_raw_bytes(
    small: Path, name: str, folder: str, files: list[str], label_bytes: int, classes: int
) -> None:
    data = load(name, small)
    raw = b"".join((small / folder / file).read_bytes() for file in files)
    labels, images = data.train_y.to(torch.uint8), data.train_x.flatten(1)
    for i in (0, 1, 2_499, 4_999):
        record = raw[i * (label_bytes + 3_072) : (i + 1) * (label_bytes + 3_072)]
        assert record[label_bytes - 1 :] == bytes([int(labels[i])]) + images[i].numpy().tobytes()
    whole = np.frombuffer(raw, np.uint8).reshape(5_000, -1)[:, label_bytes:]
    assert np.array_equal(images.numpy(), whole)
    assert data.train_y.bincount().tolist() == [5_000 // classes] * classes
    assert data.test_y.bincount().tolist() == [1_000 // classes] * classes
    assert "5,000 training and 1,000 test images; a sample" in data.source
    assert data.mean == pytest.approx((whole.reshape(5_000, 3, -1) / 255).mean((0, 2)), rel=1e-12)
    assert data.std == pytest.approx((whole.reshape(5_000, 3, -1) / 255).std((0, 2)), rel=1e-9)
    assert torch.equal(load(name, small / folder).test_x, data.test_x)


def test_cifar_at_16_is_the_mean_of_each_square_of_four(small: Path) -> None:
    native, half = load("cifar10", small), load("cifar10", small, image_size=16)
    blocks = native.test_x.double().view(1_000, 3, 16, 2, 16, 2)
    assert torch.equal(half.test_x.double(), blocks.mean((3, 5)).round())
    assert half.augment == Augment(crop=2, flip=True) and native.augment == Augment(crop=4, flip=True)
    # Averaging keeps each channel's mean to the rounding of half a level, and can only shrink its spread.
    assert half.mean == pytest.approx(native.mean, abs=0.5 / 255)
    assert all(a < b for a, b in zip(half.std, native.std, strict=True))


def test_records_per_file_are_not_assumed(tmp_path: Path) -> None:
    written = write_cifar10(tmp_path / "cifar-10-batches-bin", per_file=7)
    data = load("cifar10", tmp_path)
    assert len(data.train_y) == 35 and len(data.test_y) == 7
    records = np.concatenate([data.train_y.numpy().astype(np.uint8)[:, None], data.train_x.flatten(1).numpy()], 1)
    assert records.tobytes() == written


@pytest.mark.parametrize("size", [0, 3_073 * 3 - 1, 3_072])
def test_a_truncated_binary_file_is_refused(tmp_path: Path, size: int) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    write_cifar10(folder)
    file = folder / "data_batch_4.bin"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(BadInput, match=r"data_batch_4\.bin is truncated: .* fetch the file again"):
        load("cifar10", tmp_path)


def test_a_label_out_of_range_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-bin"
    write_cifar10(folder)
    file = folder / "test_batch.bin"
    file.write_bytes(bytes([10]) + file.read_bytes()[1:])
    with pytest.raises(BadInput, match=r"test_batch\.bin is truncated or altered: a label is 10, but labels end at 9"):
        load("cifar10", tmp_path)


def test_a_missing_binary_file_is_named(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-bin")
    (tmp_path / "cifar-10-batches-bin" / "data_batch_2.bin").unlink()
    with pytest.raises(BadInput, match=r"data_batch_2\.bin is missing"):
        load("cifar10", tmp_path)


def test_a_missing_data_set_says_what_where_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    with pytest.raises(BadInput) as raised:
        load("cifar100")
    message = str(raised.value)
    assert "\n" not in message
    for part in ("cifar-100-binary", "cifar-100-python", str(tmp_path), "--data-dir DIR", "--download"):
        assert part in message


def test_the_default_folder_is_the_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-bin")
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    assert len(load("cifar10").train_y) == 15
    monkeypatch.delenv("HARNESS_DATA")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cifar-10-batches-bin").rename(tmp_path / "data")
    assert len(load("cifar10").train_y) == 15


def test_an_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(BadInput, match="unknown data set 'cifar-10'; did you mean 'cifar10'"):
        load("cifar-10")


ROOT = Path(__file__).parents[2]


def literals(path: Path) -> Iterator[str]:
    """The texts in a file's code, keys and values, that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


@pytest.mark.parametrize("package", ["algorithms", "harness", "results"])
def test_a_data_sets_name_stands_in_its_own_file_alone(package: str) -> None:
    own = {name: f"{DATASETS[name].__module__.replace('.', '/')}.py" for name in DATASETS}
    assert len(own) >= 6 and all((ROOT / file).is_file() for file in own.values())
    found = {
        (str(path.relative_to(ROOT)), text)
        for path in (ROOT / package).rglob("*.py")
        for text in literals(path)
        if text in own and str(path.relative_to(ROOT)) != own[text]
    }
    assert found == set()


def test_a_data_set_is_read_once_a_process_and_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar10(tmp_path / "a" / "cifar-10-batches-bin")
    first = load("cifar10", tmp_path / "a", image_size=16)
    shutil.rmtree(tmp_path / "a")
    assert load("cifar10", tmp_path / "a", image_size=16) is first
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "a"))
    assert load("cifar10", image_size=16) is first
    # Another size, another folder and another name are other data, which are read.
    for folder, size in ((tmp_path / "a", 8), (tmp_path / "b", 16)):
        with pytest.raises(BadInput, match="neither cifar-10-batches-bin nor"):
            load("cifar10", folder, image_size=size)


def test_what_could_not_be_read_is_read_again(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        load("cifar10", tmp_path)
    write_cifar10(tmp_path / "cifar-10-batches-bin", per_file=4)
    assert len(load("cifar10", tmp_path).train_y) == 20
