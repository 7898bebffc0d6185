"""A user's own algorithms and spaces: modules that register their classes when they are imported."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module, metadata

from results.errors import BadInput

GROUP = "diffnas_harness"
"""The entry point group under which an installed package names such a module."""


def load_plugins(modules: Iterable[str]) -> None:
    """Import the named modules, and those that installed packages name under ``GROUP``.

    Raises
    ------
    BadInput
        For a module that cannot be imported.
    """
    for module in dict.fromkeys([*modules, *(entry.value for entry in metadata.entry_points(group=GROUP))]):
        try:
            import_module(module)
        except ImportError as error:
            raise BadInput(
                f"the plug-in {module!r} cannot be imported ({error}): name a module on PYTHONPATH or in this folder"
            ) from error
