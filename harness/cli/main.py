"""The command ``steadytune``."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from harness.cli.commands import COMMANDS, exit_codes
from harness.cli.output import lasting_output
from harness.cli.parser import CommandParser
from harness.cli.utf8 import restart_in_utf8_mode
from harness.common.errors import UserError
from harness.common.machine import environment, signals
from harness.common.machine.garbage import collect_seldom


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    The code is 0 for success, 1 if trials failed or ``doctor`` found a fault, and 2 for the user's mistake. It is 130
    after Ctrl-C, 143 after SIGTERM or SIGUSR1, and 129 after SIGHUP.
    """
    if arguments is None:
        restart_in_utf8_mode()
        collect_seldom()
    options = parser().parse_args(arguments)
    last = arguments is None  # nothing else runs in this process afterwards
    with signals.terminable(last=last):
        code = _run(options)
    if last and code > exit_codes.USER_ERROR:  # a signal or Ctrl-C ended the command
        signals.leave(code)
    return code


def _run(options: argparse.Namespace) -> int:
    try:
        environment.refuse_launchers()
        environment.clear()
        with lasting_output():
            return _named(options)
    except UserError as error:
        print(f"steadytune: {error}", file=sys.stderr)
        return exit_codes.USER_ERROR
    except KeyboardInterrupt:
        with suppress(OSError):  # a closed terminal
            print(f"\nsteadytune: {signals.ended_early()}", file=sys.stderr, flush=True)
        return signals.exit_code() if signals.requested() else exit_codes.INTERRUPTED


def _named(options: argparse.Namespace) -> int:
    """Run the command. Errors on a study's fields get the file and line of the study."""
    study = str(getattr(options, "study", ""))
    if not study.lower().endswith((".py", ".yaml", ".yml")):
        return int(options.command(options))
    from search_spaces import naming_file  # here, because the import takes longer than --help

    with naming_file(study, [change.partition("=")[0].strip() for change in getattr(options, "set", ())]):
        return int(options.command(options))


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    made = CommandParser(
        prog="steadytune",
        description="Sensitivity studies of cross-lingual fine-tuning: train on one language, score in all "
        "languages, and vary hyperparameters and seeds.",
        epilog="Start with: steadytune run quickstart",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = made.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return made


def _version() -> str:
    """Versions of steadytune, torch, transformers and Ray, without an import of these packages."""
    others = ", ".join(f"{name} {_installed(name)}" for name in ("torch", "transformers", "ray"))
    return f"{_installed('steadytune')} ({others})"


def _installed(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
