"""ImageNet16-120, as NATS-Bench's table has it."""

from __future__ import annotations

from harness.data import DATASETS
from harness.data.source import Source


@DATASETS.register
class ImageNet16(Source):
    """120 classes of ImageNet at 16 × 16: its geometry, and NATS-Bench's figures; its images are not read."""

    name = "ImageNet16-120"
    order = 4
    classes = 120
    image_size = 16
