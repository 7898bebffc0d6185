"""CIFAR-100."""

from __future__ import annotations

import torch
from torchvision import datasets

from harness.data import DATASETS
from harness.data.cifar import Cifar
from harness.data.splits import Labelled, Split, fixed_test_halves


@DATASETS.register
class Cifar100(Cifar):
    """CIFAR-100: 50,000 + 10,000 photographs of 32 × 32 in 100 classes, official binary files or torchvision's."""

    name = "cifar100"
    order = 2
    classes = 100
    binary_folder = "cifar-100-binary"
    train_files = ("train.bin",)
    test_file = "test.bin"
    labels = (20, 100)
    torchvision_class = datasets.CIFAR100

    def nats_split(self, dataset: Labelled, random: torch.Generator) -> Split:
        """The test images, by NATS-Bench's fixed lists."""
        return fixed_test_halves(dataset, "cifar100.xvalid", random)
