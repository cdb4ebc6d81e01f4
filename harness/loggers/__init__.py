"""Loggers by name: experiment trackers that log a study's trials.

A logger is one file in this package and one line in ``LOGGERS``. Each logger needs a package, from the extra of the
same name. So a logger is imported only on request.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.common.errors import UserError, reason
from harness.common.registry import Registry

if TYPE_CHECKING:  # this import loads the store, and the command line's help needs only the names
    from harness.loggers.base import Logger

LOGGERS: "Registry[type[Logger]]" = Registry(
    {
        "mlflow": "harness.loggers.mlflow:MlflowLogger",
        "tensorboard": "harness.loggers.tensorboard:TensorBoardLogger",
        "wandb": "harness.loggers.wandb:WandbLogger",
    }
)


def named(chosen: Iterable[str]) -> "dict[str, type[Logger]]":
    """Loggers by name. Raises ``UserError`` for an unknown name, or if a logger's package cannot be imported."""
    found = {}
    for name in chosen:
        try:
            found[name] = LOGGERS.find("--log", name)
        except ImportError as error:
            raise UserError(
                f"--log {name}: its package is missing ({reason(error)}); pip install 'steadytune[{name}]'"
            ) from None
    return found
