"""The data sets by name: whole, in memory, as uint8 at the size the search wants."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from harness.data import DATASETS
from harness.data.augment import Augment
from harness.data.images import channel_statistics, resize

KEPT = 2
"""Data sets kept in memory at once: the one that is searched, and the same at an evaluation's size or another."""


@dataclass(frozen=True)
class Dataset:
    """Images and labels on the CPU: ``*_x`` uint8 (N, C, H, W), ``*_y`` int64 (N,) in 0..classes-1.

    ``mean`` and ``std`` are the training images' per channel, in units where 255 is 1, at the size they are held.
    ``source`` is one line on what was read, ``digest`` tells it from other data, ``sample`` whether it is a part of a
    known set; ``augment`` is the augmentation customary for the set at this size.
    """

    name: str
    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    digest: str = ""
    sample: bool = False
    augment: Augment = field(default_factory=Augment)

    @property
    def channels(self) -> int:
        """Colour channels of an image."""
        return self.train_x.shape[1]

    @property
    def image_size(self) -> int:
        """Side of the square images, in pixels."""
        return self.train_x.shape[-1]


def data_folder(data_dir: Path | None) -> Path:
    """Where data sets are: ``data_dir``, by default ``$HARNESS_DATA``, else ``./data``."""
    return (data_dir if data_dir is not None else Path(os.environ.get("HARNESS_DATA") or "data")).expanduser()


def load(name: str, data_dir: Path | None = None, image_size: int | None = None, download: bool = False) -> Dataset:
    """The data set ``name``, read once a process: the same tensors are given again, and are never to be written to.

    Parameters
    ----------
    name : str
        One of ``DATASETS``.
    data_dir : Path or None
        The folder that holds the data set's folder, or that folder itself; by default ``$HARNESS_DATA``, else
        ``./data``.
    image_size : int or None
        Side of the images, in pixels; their own where None.
    download : bool
        Whether what is missing may be fetched into the folder.

    Raises
    ------
    BadInput
        In one line, where the name is unknown or the data are missing, damaged, not to be downloaded, or too large for
        memory.
    """
    DATASETS.named(name)
    return _loaded(name, data_folder(data_dir).absolute(), image_size, download)


@lru_cache(maxsize=KEPT)
def _loaded(name: str, folder: Path, image_size: int | None, download: bool) -> Dataset:
    source = DATASETS[name]()
    images = source.read(folder, image_size, download)
    size = image_size if image_size is not None else images.train_x.shape[-1]
    train_x, test_x = resize(images.train_x, size), resize(images.test_x, size)
    mean, std = channel_statistics(train_x)
    augment = Augment(crop=size // 8, flip=True) if source.photographs else Augment()
    parts = train_x, images.train_y, test_x, images.test_y
    known = images.source, images.digest, images.sample
    return Dataset(name, *parts, images.classes, mean, std, *known, augment)
