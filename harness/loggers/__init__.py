"""Experiment trackers that log a study's trials. A logger is one file here and one entry in ``LOGGERS``.

No logger is imported unless asked for: each needs a package of its own, the extra of the same name.
"""

import importlib
from collections.abc import Iterable

from harness.common.errors import UserError, reason, unknown
from harness.loggers.base import Logger

LOGGERS = {"mlflow": "MlflowLogger", "tensorboard": "TensorBoardLogger", "wandb": "WandbLogger"}
"""The class of each logger, in the module of its name."""


def named(chosen: Iterable[str]) -> dict[str, type[Logger]]:
    """Loggers by name. Raises ``UserError`` for an unknown name, or a logger whose package cannot be imported."""
    found: dict[str, type[Logger]] = {}
    for name in chosen:
        if name not in LOGGERS:
            raise unknown("--log", name, LOGGERS)
        try:
            found[name] = getattr(importlib.import_module(f"{__name__}.{name}"), LOGGERS[name])
        except ImportError as error:
            raise UserError(
                f"--log {name}: its package is missing ({reason(error)}); pip install 'steadytune[{name}]'"
            ) from None
    return found
