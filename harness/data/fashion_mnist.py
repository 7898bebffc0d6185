"""Fashion-MNIST (Xiao, Rasul, Vollgraf, 2017) from its four IDX files, packed or not."""

from __future__ import annotations

import gzip
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
        found = _folder(folder)
        if found is None and download:
            _download(folder)
            found = _folder(folder)
        if found is None:
            raise BadInput(f"{self.name}: its four IDX files are not in {folder}; {REMEDY}")
        train_x, train_y, test_x, test_y = (
            _read(found, part, axes) for part in (TRAIN, TEST) for axes in (IMAGES, LABELS)
        )
        for images, labels in ((train_x, train_y), (test_x, test_y)):
            if len(images) != len(labels) or int(labels.max()) >= self.classes:
                raise BadInput(
                    f"{found}: {len(images):,} images, {len(labels):,} labels up to {labels.max()}; {REMEDY}"
                )
        sample = (len(train_y), len(test_y)) != (60_000, 10_000)
        parts = train_x.unsqueeze(1), train_y.long(), test_x.unsqueeze(1), test_y.long()
        source = f"fashion-mnist (IDX files): {len(train_y):,} training and {len(test_y):,} test images" + (
            "; a sample, not all 60,000 + 10,000" if sample else ""
        )
        return Images(*parts, self.classes, source, digest_of(*parts), sample)


def _folder(folder: Path) -> Path | None:
    return next((folder / f for f in FOLDERS if any((folder / f).glob(f"{TRAIN}-images-idx3-ubyte*"))), None)


def _read(folder: Path, part: str, axes: int) -> Tensor:
    """An IDX file as uint8: two zero bytes, the type, the number of axes, each one's length in 4 bytes, the numbers."""
    path = folder / f"{part}-{'images' if axes == IMAGES else 'labels'}-idx{axes}-ubyte"
    try:
        text = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(path.name + ".gz").read_bytes())
    except (OSError, EOFError) as error:
        raise BadInput(f"{path} cannot be read ({error}); {REMEDY}") from error
    start = 4 + 4 * axes
    shape = np.frombuffer(text[4:start], dtype=">i4")
    if text[:4] != bytes((0, 0, 8, axes)) or len(text) != start + int(np.prod(shape)):
        raise BadInput(f"{path} is truncated or altered: it is no IDX file of bytes with {axes} axes; {REMEDY}")
    return torch.from_numpy(np.frombuffer(text, dtype=np.uint8, offset=start).reshape(shape).copy())


def _download(folder: Path) -> None:
    try:
        datasets.FashionMNIST(folder, download=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise BadInput(f"fashion_mnist: could not be downloaded into {folder} ({error}); {REMEDY}") from error
