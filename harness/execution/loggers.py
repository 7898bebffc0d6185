"""Ray's own callbacks for the loggers that a user names with ``--log``.

A run of theirs is named after the trial, and its last figures are those of the trial's record.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from results.errors import BadInput
from results.lookup import lookup


def _tensorboard(folder: Path) -> Any:
    from ray.tune.logger import TBXLoggerCallback

    return TBXLoggerCallback()


def _wandb(folder: Path) -> Any:
    from ray.air.integrations.wandb import WandbLoggerCallback

    return WandbLoggerCallback(project="diffnas-harness", group=folder.name)


def _mlflow(folder: Path) -> Any:
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    return MLflowLoggerCallback(experiment_name=folder.name)


LOGGERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "tensorboard": ("tensorboardX", _tensorboard),
    "wandb": ("wandb", _wandb),
    "mlflow": ("mlflow", _mlflow),
}
"""The package each needs, and how its callback is made."""


def check_loggers(names: Sequence[str]) -> None:
    """Raise BadInput for an unknown logger, and for one whose package is not installed."""
    for name in names:
        package, _ = lookup("logger", name, LOGGERS)
        if importlib.util.find_spec(package) is None:
            raise BadInput(f"--log {name} needs the package {package}: pip install {package}")


def callbacks(names: Sequence[str], folder: Path) -> list[Any]:
    """One Ray callback a name."""
    return [LOGGERS[name][1](folder) for name in names]
