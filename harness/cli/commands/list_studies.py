"""``list``: the studies that ship with steadytune."""

import argparse
from typing import TYPE_CHECKING

from harness.cli.columns import aligned
from harness.cli.commands import exit_codes

if TYPE_CHECKING:
    from harness.study import Study


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "list",
        help="list the studies that come with steadytune",
        description="List the studies by name, with the number of their trials, what of the paper they reproduce "
        "and their question.",
    )
    command.set_defaults(command=list_studies)


def list_studies(options: argparse.Namespace) -> int:
    import search_spaces

    studies = [search_spaces.load(name) for name in search_spaces.names()]
    rows = [[study.name, f"{_trials(study)} trials", study.reproduces, study.question] for study in studies]
    print(*aligned(rows, right=[1]), sep="\n")
    return exit_codes.OK


def _trials(study: "Study") -> int:
    """The number of a study's trials. A search counts the trials that it will draw."""
    return sum(1 for _ in study.runs()) if study.search is None else study.search.trials * len(study.methods)
