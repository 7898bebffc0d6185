"""CIFAR-10 and CIFAR-100 from the official binary files, or from torchvision's folder behind its integrity check."""

from __future__ import annotations

from http.client import HTTPException
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from harness.data.images import Images, digest_of
from harness.data.source import Source
from results.errors import BadInput

SIDE = 32
PIXELS = 3 * SIDE * SIDE


class Cifar(Source):
    """A CIFAR; ``labels`` holds the classes of each label byte of a record, of which the last is used."""

    image_size = SIDE
    binary_folder: ClassVar[str]
    train_files: ClassVar[tuple[str, ...]]
    test_file: ClassVar[str]
    labels: ClassVar[tuple[int, ...]]
    torchvision_class: ClassVar[type[datasets.CIFAR10]]

    @property
    def python_folder(self) -> str:
        """The folder of torchvision's own (pickled) version."""
        return str(self.torchvision_class.base_folder)

    def read(self, folder: Path, image_size: int | None, download: bool) -> Images:
        """The images at their own 32 × 32, from ``folder`` or the data set's folder inside it; binary files come first.

        ``download`` lets torchvision fetch its version into ``folder`` where no binary files are. Raises BadInput where
        neither version is found, a file is truncated or altered, or the download fails.
        """
        binary = self._binary_folder(folder)
        return self._read_torchvision(folder, download) if binary is None else self._read_binary(binary)

    def _binary_folder(self, folder: Path) -> Path | None:
        files = (*self.train_files, self.test_file)
        for candidate in (folder / self.binary_folder, folder):
            if any((candidate / file).is_file() for file in files):
                return candidate
        return None

    def _read_binary(self, folder: Path) -> Images:
        parts = [_records(folder / file, self.labels) for file in self.train_files]
        train_x, train_y = torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])
        test_x, test_y = _records(folder / self.test_file, self.labels)
        return self._images(f"{self.binary_folder} (official binary files)", train_x, train_y, test_x, test_y)

    def _read_torchvision(self, folder: Path, download: bool) -> Images:
        """Torchvision's version. It compares every file's MD5 with the official one before it unpickles any."""
        inside = folder.name == self.python_folder
        root = folder.parent if inside else folder
        if not download and not (root / self.python_folder).is_dir():
            raise BadInput(
                f"{self.name}: neither {self.binary_folder} nor {self.python_folder} is in {folder}; "
                "say where it is with --data-dir DIR, or fetch it with --download"
            )
        try:
            train = self.torchvision_class(root, train=True, download=download)
            test = self.torchvision_class(root, train=False)
        except (OSError, RuntimeError, HTTPException) as error:
            if download:
                fault = f"could not be downloaded into {root} ({_reason(error)})"
                remedy = "fetch it on a machine with access, then say where it is with --data-dir DIR"
            else:
                fault = f"{root / self.python_folder} is damaged or altered ({_reason(error)})"
                remedy = "fetch it again with --download"
            raise BadInput(f"{self.name}: {fault}; {remedy}") from error
        train_x, train_y = _tensors(train)
        test_x, test_y = _tensors(test)
        return self._images(f"{self.python_folder} (torchvision, MD5 checked)", train_x, train_y, test_x, test_y)

    def _images(self, origin: str, train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor) -> Images:
        sample = (len(train_y), len(test_y)) != (50_000, 10_000)
        source = f"{origin}: {len(train_y):,} training and {len(test_y):,} test images" + (
            "; a sample, not all 50,000 + 10,000" if sample else ""
        )
        parts = train_x, train_y, test_x, test_y
        return Images(*parts, self.labels[-1], source, digest_of(*parts), sample)


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


def _reason(error: Exception) -> str:
    # Torchvision says "not found or corrupted" and advises an argument of its own where an MD5 differs.
    return (
        "a file is missing or its MD5 is not the official one"
        if isinstance(error, RuntimeError)
        else str(error) or repr(error)
    )


def _tensors(dataset: datasets.CIFAR10) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(dataset.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(dataset.targets)
