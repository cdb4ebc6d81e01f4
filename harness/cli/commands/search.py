"""``search``: each method's best hyperparameters, chosen only on the source's dev set."""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.commands import exit_codes
from harness.cli.options.gpu_sharing import gpu_sharing_option, with_gpu_sharing
from harness.cli.options.loggers import log_option, loggers_of
from harness.cli.options.resources import duration_options, hardware_of, on_option, ray_options, resources_of
from harness.cli.options.store import store_option
from harness.cli.options.study import scaled_study, scaling_options, study_argument
from harness.cli.reports import tell_of_report
from harness.common.errors import UserError
from harness.execution.warmups import warn_of_warmups

if TYPE_CHECKING:
    from harness.search import Search
    from harness.store.store import Store
    from harness.study import Study, TrialConfig


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "search",
        help="search for each method's best hyperparameters on the source's dev set",
        description="Draw settings from a study's ranges, train each method with its settings, and stop lagging trials "
        "early. Then report each method's best setting. Every choice uses the source language's dev score. Target "
        "languages are scored, but no choice depends on their scores. The same command continues an interrupted "
        "search. The sampler knows the ended trials, and no ended trial runs again.",
        epilog="Exit codes: 0 = the search has ended. 1 = some trials failed. 2 = a mistake in the study or the "
        "options. 130 = interrupted. 143 = ended by SIGTERM or SIGUSR1. 129 = ended by SIGHUP.",
    )
    study_argument(command)
    store_option(command)
    command.add_argument(
        "--trials",
        type=int,
        metavar="N",
        help="number of trials per method, including earlier trials (default: the study's)",
    )
    command.add_argument(
        "--write",
        type=Path,
        metavar="FILE.yaml",
        help="write a study with each method's best setting, over all seeds. The file must be new, or from the same "
        "search",
    )
    command.add_argument("--retry-failed", action="store_true", help="replace earlier failed trials by new draws")
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="print the number of tried trials and the largest cost of the rest; complete no trial",
    )
    on_option(command)
    command.add_argument("--no-report", action="store_true", help="do not write the report at the end")
    scaling_options(command)
    ray_options(command)
    gpu_sharing_option(command)
    duration_options(command, checkpoints=False)
    log_option(command)
    command.set_defaults(command=search, local=False)


def search(options: argparse.Namespace) -> int:
    from harness.cli.commands.dry_run import dry_search
    from harness.execution.follow.study_log import study_console
    from harness.execution.kept_precision import with_kept_precision
    from harness.execution.preparation import tell_of_warnings, try_first_steps
    from harness.loggers.background import BackgroundLogging
    from harness.store.store import Store
    from harness.tuning.search import bases
    from harness.tuning.search import search as search_study

    loggers = loggers_of(options)
    resources = resources_of(options)
    study, space = _searched_study(options)
    study = with_kept_precision(study, options.store, resources.gpus)
    trials = bases(study, resources)
    tell_of_warnings(trials)
    corners = [replace(trial, setting=corner) for trial in trials for corner in space.corners(trial.setting)]
    warn_of_warmups((corner.setting for corner in corners), trials[0], space.space)
    resources = with_gpu_sharing(resources, options, corners, None if options.dry_run else options.store)
    if options.dry_run:
        dry_search(
            study,
            trials,
            options.store,
            resources,
            retry_failed=options.retry_failed,
            hardware=hardware_of(options),
        )
        return exit_codes.OK
    try_first_steps(trials, resources)
    store = Store(options.store)  # created this late so that a mistake leaves nothing behind
    with (
        study_console(store, study.name, "search") as console,
        BackgroundLogging(loggers, study.name, store, console) as logging,
    ):
        outcome = search_study(
            study, trials, store, resources, console, retry_failed=options.retry_failed, observer=logging
        )
    if options.no_report:
        _print_winners(study, options.store)
    else:
        from analysis.report import write_report

        tell_of_report(write_report(store, study.name), store)
    if options.write is not None:
        _write_winners(study, trials, store, options.write)
    return exit_codes.FAILED_TRIALS if outcome.failed else exit_codes.OK


def _searched_study(options: argparse.Namespace) -> "tuple[Study, Search]":
    """The study with the number of trials from the options, and its search.

    Raises ``UserError`` if the study cannot be searched in this way.
    """
    from harness.tuning.search import searchable
    from harness.tuning.winners import check_writable

    study = searchable(scaled_study(options))
    search = study.search
    assert search is not None
    _refuse_searched(search, (change.partition("=")[0].strip() for change in options.set))
    if options.trials is not None:
        search = replace(search, trials=options.trials)
        study = replace(study, search=search)
    if options.write is not None:
        check_writable(study, options.write)
    return study, search


def _refuse_searched(search: "Search", names: Iterable[str]) -> None:
    for name in names:
        if name in search.space:
            raise UserError(f"--set: the search varies {name} itself, in {search.space[name]}")


def _print_winners(study: "Study", place: str) -> None:
    from analysis.results.opening import opened
    from analysis.sections.search import winners

    print("", *winners(opened(study.name, place)).for_terminal(), sep="\n")


def _write_winners(study: "Study", trials: "list[TrialConfig]", store: "Store", file: Path) -> None:
    from harness.tuning.journal import Journal
    from harness.tuning.winners import winners_study, write

    journal = Journal(study, trials, store)
    journal.resume()
    write(winners_study(study, journal), file)
    seeds = " ".join(map(str, study.seeds))
    print(f"\nwinners: {file}; steadytune run {file} runs them over seeds {seeds}")
