"""CIFAR-10 and CIFAR-100 from the official binary files, or from torchvision's folder behind its integrity check."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from harness.data.images import Images, digest_of
from results.errors import BadInput

SIDE = 32
PIXELS = 3 * SIDE * SIDE


@dataclass(frozen=True)
class Layout:
    """Where one CIFAR keeps its images; ``labels`` holds the classes of each label byte, of which the last is used."""

    binary_folder: str
    train_files: tuple[str, ...]
    test_file: str
    labels: tuple[int, ...]
    torchvision_class: type[datasets.CIFAR10]

    @property
    def python_folder(self) -> str:
        """The folder of torchvision's own (pickled) version."""
        return str(self.torchvision_class.base_folder)


LAYOUTS = {
    "cifar10": Layout(
        "cifar-10-batches-bin",
        tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
        "test_batch.bin",
        (10,),
        datasets.CIFAR10,
    ),
    "cifar100": Layout("cifar-100-binary", ("train.bin",), "test.bin", (20, 100), datasets.CIFAR100),
}


def read_cifar(name: str, folder: Path, image_size: int | None, download: bool) -> Images:
    """CIFAR at its own 32 × 32, from ``folder`` or from the data set's folder inside it; binary files come first.

    ``download`` lets torchvision fetch its version into ``folder`` where no binary files are. Raises BadInput where
    neither version is found, a file is truncated or altered, or the download fails.
    """
    layout = LAYOUTS[name]
    binary = _binary_folder(layout, folder)
    if binary is not None:
        return _read_binary(layout, binary)
    return _read_torchvision(name, layout, folder, download)


def _binary_folder(layout: Layout, folder: Path) -> Path | None:
    files = (*layout.train_files, layout.test_file)
    for candidate in (folder / layout.binary_folder, folder):
        if any((candidate / file).is_file() for file in files):
            return candidate
    return None


def _read_binary(layout: Layout, folder: Path) -> Images:
    parts = [_records(folder / file, layout.labels) for file in layout.train_files]
    train_x, train_y = torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])
    test_x, test_y = _records(folder / layout.test_file, layout.labels)
    return _images(layout, f"{layout.binary_folder} (official binary files)", train_x, train_y, test_x, test_y)


def _records(path: Path, labels: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Images and labels of one binary file: records of the label bytes, then 3,072 bytes of planar RGB."""
    if not path.is_file():
        raise BadInput(f"{path} is missing; restore the file, or the whole folder from the official binary version")
    size, record = path.stat().st_size, len(labels) + PIXELS
    if size == 0 or size % record:
        raise BadInput(
            f"{path} is truncated: {size:,} bytes are no whole number of {record:,}-byte records; fetch the file again"
        )
    records = torch.from_numpy(np.fromfile(path, dtype=np.uint8)).view(-1, record)
    for byte, classes in enumerate(labels):
        largest = int(records[:, byte].max())
        if largest >= classes:
            raise BadInput(
                f"{path} is truncated or altered: a label is {largest}, but labels end at {classes - 1}; "
                "fetch the file again"
            )
    images = records[:, len(labels) :].reshape(-1, 3, SIDE, SIDE)
    return images, records[:, len(labels) - 1].long()


def _read_torchvision(name: str, layout: Layout, folder: Path, download: bool) -> Images:
    """Torchvision's version. It compares every file's MD5 with the official one before it unpickles any."""
    inside = folder.name == layout.python_folder
    root = folder.parent if inside else folder
    if not download and not (root / layout.python_folder).is_dir():
        raise BadInput(
            f"{name}: neither {layout.binary_folder} nor {layout.python_folder} is in {folder}; "
            "say where it is with --data-dir DIR, or fetch it with --download"
        )
    try:
        train = layout.torchvision_class(root, train=True, download=download)
        test = layout.torchvision_class(root, train=False)
    except (OSError, RuntimeError, HTTPException) as error:
        if download:
            fault = f"could not be downloaded into {root} ({_reason(error)})"
            remedy = "fetch it on a machine with access, then say where it is with --data-dir DIR"
        else:
            fault = f"{root / layout.python_folder} is damaged or altered ({_reason(error)})"
            remedy = "fetch it again with --download"
        raise BadInput(f"{name}: {fault}; {remedy}") from error
    train_x, train_y = _tensors(train)
    test_x, test_y = _tensors(test)
    return _images(layout, f"{layout.python_folder} (torchvision, MD5 checked)", train_x, train_y, test_x, test_y)


def _reason(error: Exception) -> str:
    # Torchvision says "not found or corrupted" and advises an argument of its own where an MD5 differs.
    return (
        "a file is missing or its MD5 is not the official one"
        if isinstance(error, RuntimeError)
        else str(error) or repr(error)
    )


def _tensors(dataset: datasets.CIFAR10) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(dataset.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(dataset.targets)


def _images(layout: Layout, origin: str, train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor) -> Images:
    sample = (len(train_y), len(test_y)) != (50_000, 10_000)
    source = f"{origin}: {len(train_y):,} training and {len(test_y):,} test images" + (
        "; a sample, not all 50,000 + 10,000" if sample else ""
    )
    parts = train_x, train_y, test_x, test_y
    return Images(*parts, layout.labels[-1], source, digest_of(*parts), sample)
