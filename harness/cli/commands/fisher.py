"""``fisher``: Fréchet distances between languages, and how they go with the scores."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.commands import exit_codes
from harness.cli.commands.options import (
    ddof_option,
    resource_options,
    resources_of,
    scaled_study,
    scaling_options,
    store_option,
    study_argument,
)
from harness.common.errors import UserError

if TYPE_CHECKING:
    from harness.fisher.diagonal_files import Request


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "fisher",
        help="how far apart languages are in a study's encoder, and how that goes with its scores",
        description="Compute the Fisher information of the encoder in every language of a study, and write the Fréchet "
        "distances between them and their correlation with the zero-shot scores that the store has of the study "
        "(the paper's Table 5).",
    )
    study_argument(command)
    store_option(command)
    command.add_argument(
        "--text",
        action="append",
        metavar="PLACE",
        help="unlabelled text: 'task' (the study's own test sets), a task's name (its test sets, where the study's "
        "data are), 'wikipedia', 'embedded' or a folder; several if given again (default: task)",
    )
    command.add_argument(
        "--examples", type=int, default=100, metavar="N", help="text windows of a language (default: %(default)s)"
    )
    command.add_argument(
        "--estimator", default="empirical", metavar="NAME", help="empirical or sampled (default: %(default)s)"
    )
    command.add_argument(
        "--masking-seed", type=int, default=0, metavar="N", help="of the masked tokens (default: %(default)s)"
    )
    command.add_argument(
        "--method", metavar="LABEL", help="whose scores, as tables name it (default: vanilla, or the study's first)"
    )
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write it (default: reports/STUDY/fisher in the store)"
    )
    scaling_options(command)
    ddof_option(command)
    resource_options(command)
    command.set_defaults(command=fisher)


def fisher(options: argparse.Namespace) -> int:
    from rich.console import Console

    from harness.cli.overrides import SELECTIONS
    from harness.common.errors import bad, unknown
    from harness.data.origin import TEXT_WORDS
    from harness.methods.fisher_estimate import Estimate

    resources = resources_of(options)
    study = scaled_study(options)
    languages = (study.source, *study.targets)
    needed = {study.source, *(set(options.languages or ()) - set(SELECTIONS))}
    texts = list(dict.fromkeys(options.text or ["task"]))
    given = {"examples": options.examples, "estimator": options.estimator, "masking_seed": options.masking_seed}
    estimates = [Estimate(languages=(study.source,), text=text, **given) for text in texts]
    methods = [arm.method.arm.label for arm in study.arms]
    if options.method is not None and options.method not in methods:
        raise unknown("--method", options.method, methods)
    labels = [text if text in TEXT_WORDS else Path(text).resolve().name for text in texts]
    if len(set(labels)) < len(labels):
        raise bad("--text", texts, "folders of different names: the report names them so")

    from analysis.fisher.report import write_fisher_report
    from harness.data.origin import absolute
    from harness.execution.sweep import diagonals
    from harness.fisher import supply
    from harness.store.store import Store

    console = Console()
    wanted: list[dict[str, Request]] = []
    for label, estimate in zip(labels, estimates, strict=True):
        wanted.append({})
        for language in languages:
            try:
                one = replace(estimate, languages=(language,), text=absolute("--text", estimate.text))
                wanted[-1][language] = supply.of_study(study, one)
            except UserError as error:
                if language in needed:
                    raise
                console.print(f"{label}: without {language}, as {error}", highlight=False, soft_wrap=True)
        if len(wanted[-1]) < 2:
            raise bad("--text", estimate.text, "text in at least one of the study's target languages")
    store = Store(options.store)  # only now: a mistake leaves nothing behind
    found = iter(
        diagonals([request for requests in wanted for request in requests.values()], store, resources, console)
    )
    files = {
        label: {language: next(found) for language in requests} for label, requests in zip(labels, wanted, strict=True)
    }
    written = write_fisher_report(store, study, files, options.out, method=options.method, ddof=options.ddof)
    print(f"\n{written.summary}\n\nreport: {written.html}")
    return exit_codes.OK
