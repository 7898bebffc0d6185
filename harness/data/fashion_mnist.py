"""Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017) from its four IDX files, packed or not."""

from __future__ import annotations

import gzip
import zlib
from http.client import HTTPException
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from harness.data import DATASETS
from harness.data.images import Images, digest_of
from harness.data.source import Source
from results.errors import BadInput

FOLDERS = ("FashionMNIST/raw", "fashion-mnist", ".")
"""Torchvision's folder, and the one of Debian's package dataset-fashion-mnist."""
TRAIN, TEST = "train", "t10k"
DIGEST = "ece172613115"
"""Of all images and labels: MNIST's files have the same names and lengths."""
IMAGES, LABELS = 3, 1
"""Axes of an IDX file of images, and of one of labels."""
REMEDY = (
    "install dataset-fashion-mnist on Debian and add --data-dir /usr/share/datasets, say where it is with --data-dir "
    "DIR, or fetch it with --download"
)


@DATASETS.register
class FashionMnist(Source):
    """Fashion-MNIST: 60,000 + 10,000 articles of clothing of 28 × 28, grey, in 10 classes; a package of Debian's."""

    name = "fashion_mnist"
    order = 3
    classes = 10
    image_size = 28
    channels = 1

    def read(self, folder: Path, image_size: int | None, download: bool) -> Images:
        """The images at their own 28 × 28.

        ``download`` lets torchvision fetch the files into ``folder`` where they are not there. Raises BadInput where
        they are missing or damaged, or the download fails.
        """
        if download and _folder(folder) is None:
            _download(folder)
        found = _folder(folder)
        if found is None:
            raise BadInput(f"{self.name}: its four IDX files are not in {folder}; {REMEDY}")
        parts = [_read(found, part, axes) for part in (TRAIN, TEST) for axes in (IMAGES, LABELS)]
        train_x, train_y, test_x, test_y = parts
        for images, labels in ((train_x, train_y), (test_x, test_y)):
            if not 0 < len(images) == len(labels) or int(labels.max()) >= self.classes:
                raise BadInput(
                    f"{found} holds {len(images):,} images and {len(labels):,} labels of a part, which do not make "
                    f"{self.classes} classes; {REMEDY}"
                )
        sample = (len(train_y), len(test_y)) != (60_000, 10_000)
        whole = train_x.unsqueeze(1), train_y.long(), test_x.unsqueeze(1), test_y.long()
        known = digest_of(*whole)
        if not sample and known != DIGEST:
            raise BadInput(f"{found} holds 60,000 + 10,000 images that are not Fashion-MNIST's; {REMEDY}")
        source = f"fashion-mnist (IDX files): {len(train_y):,} training and {len(test_y):,} test images" + (
            "; a sample, not all 60,000 + 10,000" if sample else ""
        )
        return Images(*whole, self.classes, source, known, sample)


def _folder(folder: Path) -> Path | None:
    """The first of ``FOLDERS`` that holds all four files, packed or not."""
    names = [_name(part, axes) for part in (TRAIN, TEST) for axes in (IMAGES, LABELS)]
    return next((at for f in FOLDERS if all(_file(at := folder / f, name) for name in names)), None)


def _name(part: str, axes: int) -> str:
    return f"{part}-{'images' if axes == IMAGES else 'labels'}-idx{axes}-ubyte"


def _file(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read(folder: Path, part: str, axes: int) -> Tensor:
    """An IDX file as uint8: two zero bytes, the type, the number of axes, each one's length in 4 bytes, the numbers."""
    path = _file(folder, _name(part, axes)) or folder / _name(part, axes)
    try:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} cannot be read ({error}); {REMEDY}") from error
    start = 4 + 4 * axes
    shape = np.frombuffer(text[4:start].ljust(4 * axes, b"\0"), dtype=">i4")
    if text[:4] != bytes((0, 0, 8, axes)) or len(text) != start + int(np.prod(shape, dtype=np.int64)):
        raise BadInput(f"{path} is truncated or altered: it is no IDX file of bytes with {axes} axes; {REMEDY}")
    return torch.from_numpy(np.frombuffer(text, dtype=np.uint8, offset=start).reshape(shape).copy())


def _download(folder: Path) -> None:
    try:
        datasets.FashionMNIST(folder, download=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise BadInput(f"fashion_mnist: could not be downloaded into {folder} ({error}); {REMEDY}") from error
