"""CIFAR-10."""

from __future__ import annotations

import torch
from torchvision import datasets

from harness.data import DATASETS
from harness.data.cifar import Cifar
from harness.data.splits import Labelled, Split, fixed_training_halves


@DATASETS.register
class Cifar10(Cifar):
    """CIFAR-10: 50,000 + 10,000 photographs of 32 × 32 in ten classes, official binary files or torchvision's."""

    name = "cifar10"
    order = 1
    classes = 10
    binary_folder = "cifar-10-batches-bin"
    train_files = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
    test_file = "test_batch.bin"
    labels = (10,)
    torchvision_class = datasets.CIFAR10

    def nats_split(self, dataset: Labelled, random: torch.Generator) -> Split:
        """The training images, by NATS-Bench's fixed lists."""
        return fixed_training_halves(dataset, "cifar10.train", random)
