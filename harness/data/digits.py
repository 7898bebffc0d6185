"""The 1,797 handwritten digits of 8 × 8 pixels that scikit-learn carries: no download, minutes to search on."""

from __future__ import annotations

from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from harness.data import DATASETS
from harness.data.images import Images, digest_of
from harness.data.source import Source

TEST_IMAGES = 360
TEST_SEED = 0
"""Constant: scikit-learn names no test part, so this one belongs to the data set and never changes with a seed."""


@DATASETS.register
class Digits(Source):
    """scikit-learn's 1,797 handwritten digits of 8 × 8, grey; no download, no file."""

    name = "digits"
    order = 0
    classes = 10
    image_size = 8
    channels = 1
    photographs = False

    def read(self, folder: Path, image_size: int | None, download: bool) -> Images:
        """The digits at their own size, values 0..16 scaled to 0..255; no argument is used."""
        digits = load_digits()
        pixels = torch.from_numpy(digits.images)
        images = (pixels * 255 / 16).round().to(torch.uint8).unsqueeze(1)
        labels = torch.from_numpy(digits.target).long()
        train, test = train_test_split(
            range(len(labels)), test_size=TEST_IMAGES, random_state=TEST_SEED, stratify=digits.target
        )
        source = f"scikit-learn's digits (8 x 8): {len(train):,} training and {len(test):,} test images"
        parts = images[train], labels[train], images[test], labels[test]
        return Images(*parts, 10, source, digest_of(*parts))
