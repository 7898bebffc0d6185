"""What can be found: the search spaces, their tables and their stand-alone networks.

To add one: a file with a subclass of ``Space`` (base.py), decorated with ``@SPACES.register``. Names, and what a class
says of itself in literals, are read from the files' text, so that importing this package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from results.registry import Registry

if TYPE_CHECKING:
    from spaces.base import Space

SPACES: Registry[Space] = Registry("space", __name__, "SPACES")
"""The spaces by name."""
