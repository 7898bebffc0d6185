"""Images held in memory as uint8, their split, and the batches a search sees."""

from harness.data.augment import Augment
from harness.data.batches import ALONE, Batches, Shard, Stream, evaluation_batches, generator
from harness.data.datasets import DATASETS, Dataset, load
from harness.data.split import SPLITS, Split, split
from harness.data.streamed import StreamedBatches, StreamedDataset, open_streamed, streamed_evaluation

__all__ = [
    "ALONE",
    "DATASETS",
    "SPLITS",
    "Augment",
    "Batches",
    "Dataset",
    "Shard",
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
