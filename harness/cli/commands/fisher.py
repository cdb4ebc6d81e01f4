"""``fisher``: Fréchet distances between languages, and their correlation with the scores."""

import argparse
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.commands import exit_codes
from harness.cli.options.resources import duration_options, resource_options, resources_of
from harness.cli.options.store import ddof_option, store_option
from harness.cli.options.study import scaled_study, scaling_options, study_argument
from harness.cli.reports import tell_of_report
from harness.common import files, sources
from harness.common.console import say
from harness.common.errors import UserError, bad, unknown

if TYPE_CHECKING:
    from rich.console import Console

    from harness.fisher.diagonal_files import Request
    from harness.methods.fisher_estimate import Estimate
    from harness.study import Study


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "fisher",
        help="compute distances between languages in a study's encoder, and their correlation with the scores",
        description="Compute the encoder's Fisher information in every language of a study. Write the Fréchet "
        "distances between the languages, and their correlation with the study's zero-shot scores in the store (the "
        "paper's Table 5).",
    )
    study_argument(command)
    store_option(command)
    command.add_argument(
        "--text",
        action="append",
        metavar="PLACE",
        help="unlabelled text: 'task' (the study's test sets), a task's name (that task's test sets in the study's "
        "data), 'wikipedia', 'embedded', a folder, or a path with {language}. May be repeated (default: task)",
    )
    command.add_argument(
        "--column",
        default="text",
        metavar="NAME",
        help="column with the text, if PLACE is a path to tables (default: %(default)s)",
    )
    command.add_argument(
        "--examples",
        type=int,
        default=100,
        metavar="N",
        help="number of text windows per language (default: %(default)s)",
    )
    command.add_argument(
        "--estimator",
        default="empirical",
        metavar="NAME",
        help="estimator: empirical or sampled (default: %(default)s)",
    )
    command.add_argument(
        "--masking-seed", type=int, default=0, metavar="N", help="seed of the masked tokens (default: %(default)s)"
    )
    command.add_argument(
        "--method", metavar="LABEL", help="method of the scores, by its label (default: vanilla, or the study's first)"
    )
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the report (default: reports/STUDY/fisher in the store)"
    )
    scaling_options(command)
    ddof_option(command)
    resource_options(command)
    duration_options(command, of="Fisher diagonal", checkpoints=False)
    command.set_defaults(command=fisher)


def fisher(options: argparse.Namespace) -> int:
    from rich.console import Console

    resources = resources_of(options)
    study = scaled_study(options)
    estimates = _estimates(options, study)
    methods = [arm.method.arm.label for arm in study.arms]
    if options.method is not None and options.method not in methods:
        raise unknown("--method", options.method, methods)

    from analysis.fisher.report import write_fisher_report
    from harness.cli.overrides import SELECTIONS
    from harness.execution.follow.study_log import study_console
    from harness.execution.sweep import diagonals
    from harness.store.store import Store

    console = Console()
    needed = {study.source, *(set(options.languages or ()) - set(SELECTIONS))}
    wanted = {label: _requests(study, label, estimate, needed, console) for label, estimate in estimates.items()}
    store = Store(options.store)  # created this late so that a mistake leaves nothing behind
    requests = [request for of_text in wanted.values() for request in of_text.values()]
    with study_console(store, study.name, "fisher") as logged:
        found = iter(diagonals(requests, store, resources, logged))
    files = {label: {language: next(found) for language in of_text} for label, of_text in wanted.items()}
    tell_of_report(write_fisher_report(store, study, files, options.out, method=options.method, ddof=options.ddof))
    return exit_codes.OK


def _estimates(options: argparse.Namespace, study: "Study") -> "dict[str, Estimate]":
    """The estimate of each text, by its label in the report."""
    from harness.data.origin import TEXT_WORDS
    from harness.methods.fisher_estimate import Estimate

    texts = list(dict.fromkeys(options.text or ["task"]))
    given = {name: getattr(options, name) for name in ("column", "examples", "estimator", "masking_seed")}
    estimates = [Estimate(languages=sources.parts(study.source), text=text, **given) for text in texts]
    labels = [text if text in TEXT_WORDS else files.last_part(str(Path(text).resolve())) for text in texts]
    if len(set(labels)) < len(labels):
        raise bad("--text", texts, "folders of different names: the report shows these names")
    return dict(zip(labels, estimates, strict=True))


def _requests(
    study: "Study", label: str, estimate: "Estimate", needed: Collection[str], console: "Console"
) -> "dict[str, Request]":
    """The request for a text's Fisher diagonal in each language.

    A language without text is left out, with a line on the console. Raises ``UserError`` if a language in ``needed``
    has no text, or if only one language has text.
    """
    from harness.data.origin import absolute
    from harness.fisher import supply

    found: dict[str, Request] = {}
    for language in (study.source, *study.targets):
        try:
            one = replace(estimate, languages=sources.parts(language), text=absolute("--text", estimate.text))
            found[language] = supply.of_study(study, one)
        except UserError as error:
            if language in needed:
                raise
            say(console, f"{label}: without {language}, as {error}")
    if len(found) < 2:
        raise bad("--text", estimate.text, "text in at least one of the study's target languages")
    return found
