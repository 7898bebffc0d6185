"""Images held in memory as uint8, their split, and the batches a search sees.

``DATASETS`` names the data sets; each is one class in one file (docs/add-a-data-set.md). What needs torch is imported
when asked for, so that names are listed without it.

- ``source``: what a data set is to the harness. ``datasets``: data sets by name, whole and in memory.
- ``digits``, ``cifar10``, ``cifar100``, ``fashion_mnist``, ``imagenet16``, ``imagenet``, ``imagefolder``: one each.
- ``cifar``: the files of both CIFAR sets. ``images``: decoded images, and their exact resizing.
- ``splits``: which images train w, which train α, which are left.
- ``batches``: the stream that a search trains on. ``augment``: a batch varied.
- ``streamed``: images read as a training goes. ``random_crop``: RandomResizedCrop with our generators.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from results.registry import Registry

if TYPE_CHECKING:
    from harness.data.augment import Augment
    from harness.data.batches import ALONE, Batches, Shard, Stream, evaluation_batches, generator
    from harness.data.datasets import Dataset, load
    from harness.data.source import Source
    from harness.data.splits import SPLITS, Split, split
    from harness.data.streamed import StreamedBatches, StreamedDataset, open_streamed, streamed_evaluation

DATASETS: Registry[Source] = Registry("data set", "harness.data", "DATASETS")
"""The data sets by name."""

_PLACES = {
    "augment": ("Augment",),
    "batches": ("ALONE", "Batches", "Shard", "Stream", "evaluation_batches", "generator"),
    "datasets": ("Dataset", "load"),
    "source": ("Source",),
    "splits": ("SPLITS", "Split", "split"),
    "streamed": ("StreamedBatches", "StreamedDataset", "open_streamed", "streamed_evaluation"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "ALONE",
    "DATASETS",
    "SPLITS",
    "Augment",
    "Batches",
    "Dataset",
    "Shard",
    "Source",
    "Split",
    "Stream",
    "StreamedBatches",
    "StreamedDataset",
    "evaluation_batches",
    "generator",
    "load",
    "open_streamed",
    "split",
    "streamed_evaluation",
]


def __getattr__(name: str) -> object:
    """A public name, from the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module 'harness.data' has no attribute {name!r}")
    return getattr(import_module(f"harness.data.{_MODULES[name]}"), name)
