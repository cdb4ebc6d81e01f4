"""The parser of the command line: it accepts no abbreviated options, and suggests the nearest name for a wrong name."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from harness.common.errors import unknown


class CommandParser(argparse.ArgumentParser):
    """A parser that accepts only options written in full: ``--seed 0`` is not read as ``--seeds 0``.

    Parsers made by ``add_subparsers`` have the same class.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})
        self._commands: argparse._SubParsersAction[argparse.ArgumentParser] | None = None

    def add_subparsers(self, **options: Any) -> Any:
        self._commands = super().add_subparsers(**options)
        return self._commands

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        given = list(sys.argv[1:] if args is None else args)
        self._check_command(given)
        found, rest = super().parse_known_args(given, namespace)
        for word in rest:
            if word.startswith("--"):
                name = word.partition("=")[0]
                known = [option for option in self._option_string_actions if option.startswith("--")]
                self.error(str(unknown("option", name, known, listed=f"{self.prog} --help")))
        return found, rest

    def error(self, message: str) -> NoReturn:
        """End the command with exit code 2 and one line. By default, argparse would first print the usage."""
        known = f"{self.prog} --help"
        self.exit(2, f"steadytune: {message}{'' if known in message else f'; see {known!r}'}\n")

    def _check_command(self, given: Sequence[str]) -> None:
        """Refuse an unknown command."""
        word = next((word for word in given if not word.startswith("-")), None)
        if self._commands is not None and word is not None and word not in self._commands.choices:
            self.error(str(unknown("command", word, self._commands.choices)))
