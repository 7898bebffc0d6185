"""Images held in memory as uint8, their split, and the batches a search sees."""

from harness.data.augment import Augment
from harness.data.batches import Batches, evaluation_batches, generator
from harness.data.datasets import DATASETS, Dataset, load
from harness.data.split import SPLITS, Split, split

__all__ = [
    "DATASETS",
    "SPLITS",
    "Augment",
    "Batches",
    "Dataset",
    "Split",
    "evaluation_batches",
    "generator",
    "load",
    "split",
]
