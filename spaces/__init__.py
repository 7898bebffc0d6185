"""What can be found: the search spaces, their tables and their stand-alone networks.

To add one: a file with a subclass of ``Space`` (base.py), and its line in ``SPACES``.
"""

from spaces.base import Space
from spaces.bilevel import Bilevel
from spaces.darts import Darts
from spaces.mobilenetv2 import MobileNetV2Width
from spaces.nats import Nats
from spaces.resnet164 import ResNet164

SPACES: dict[str, type[Space]] = {space.name: space for space in (Bilevel, Nats, Darts, ResNet164, MobileNetV2Width)}
