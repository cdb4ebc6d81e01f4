"""Options for the study: its name or file, and changes to it."""

import argparse
from typing import TYPE_CHECKING

from harness.common.console import tell

if TYPE_CHECKING:
    from harness.study import Study


def study_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("study", metavar="STUDY", help="a name from 'steadytune list', or your own .py or .yaml file")


def scaling_options(command: argparse.ArgumentParser) -> None:
    """Add the options that change a study without a new file; see ``scaled_study``."""
    group = command.add_argument_group("scaling the study", "A changed trial is a new trial. The study keeps its name.")
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="change a field of the study (task, encoder, ...), of all its settings (max_steps, ...) or of a method "
        "(l2.strength). A setting's number may be a multiple of the study's number (learning_rate=10x). A warmup may "
        "be a share of the steps (warmup_steps=10%%). May be repeated",
    )
    group.add_argument("--languages", nargs="+", metavar="XX", help="target languages, or 'paper', 'xtreme' or 'all'")
    group.add_argument("--seeds", nargs="+", metavar="N", help="seeds of every method")
    group.add_argument(
        "--limit-train", metavar="N", help="number of training examples; short for --set train_examples=N"
    )


def scaled_study(options: argparse.Namespace) -> "Study":
    """The study from the command line, with the changes of ``scaling_options``. Prints notes on the changes."""
    import search_spaces
    from harness.cli.overrides import scaled

    named = search_spaces.load(options.study)
    if search_spaces.is_file_name(options.study) and _shipped_is_another(named):
        tell(
            f"Note: {named.name!r} is also the name of a shipped study, which differs from this study. In one store, "
            "the two studies would mix."
        )
    study, notes = scaled(
        named,
        changes=options.set,
        languages=options.languages,
        seeds=options.seeds,
        limit_train=options.limit_train,
    )
    for note in notes:
        tell(f"Note: {note}.")
    return study


def _shipped_is_another(study: "Study") -> bool:
    import search_spaces

    shipped = search_spaces.studies()
    return study.name in shipped and study != shipped[study.name]


def study_name(word: str) -> str:
    """The word itself; for the file of a study, the study's name."""
    import search_spaces

    return search_spaces.load(word).name if search_spaces.is_file_name(word) else word
