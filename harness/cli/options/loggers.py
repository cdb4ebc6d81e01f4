"""The option for the experiment trackers that log the trials."""

import argparse
from typing import TYPE_CHECKING

from harness import loggers

if TYPE_CHECKING:
    from harness.loggers.base import Logger


def log_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--log",
        nargs="+",
        default=[],
        metavar="LOGGER",
        help=f"log the study's running and ended trials to any of {', '.join(loggers.LOGGERS)}; each needs the "
        "extra of its name. Logs are in the folder logs of the store. They are sent nowhere unless your environment "
        "asks for it",
    )


def loggers_of(options: argparse.Namespace) -> "dict[str, type[Logger]]":
    """The loggers of ``--log``.

    Call the function first. Raises ``UserError`` for an unknown logger, and if a logger's package is missing.
    """
    return loggers.named(options.log)
