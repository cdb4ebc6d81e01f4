"""``search``: each method's best hyperparameters, found on the source's dev set alone."""

import argparse
from dataclasses import replace
from pathlib import Path

from harness.cli.commands import exit_codes
from harness.cli.commands.options import (
    duration_options,
    gpu_sharing_option,
    log_option,
    loggers_of,
    ray_options,
    repair,
    resources_of,
    scaled_study,
    scaling_options,
    store_option,
    study_argument,
    warn_of_warmups,
    with_gpu_sharing,
)
from harness.common.errors import UserError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "search",
        help="search each method's best hyperparameters on the source's dev set",
        description="Draw settings from a study's ranges, train every method at them, stop those early that lag "
        "behind, and report the best of each. All is chosen by the source language's dev score; target languages "
        "are scored, and never looked at. Run it again to continue an interrupted search: what had ended is "
        "known to the sampler and not run again.",
        epilog="Exit codes: 0 the search has ended, 1 with failed trials, 2 a mistake in the study or the options, 130 "
        "interrupted.",
    )
    study_argument(command)
    store_option(command)
    command.add_argument(
        "--trials", type=int, metavar="N", help="trials of each method, those before included (default: the study's)"
    )
    command.add_argument(
        "--write",
        type=Path,
        metavar="FILE.yaml",
        help="write each method at its best setting as a study, over --seeds; to a new file, or again",
    )
    command.add_argument(
        "--retry-failed", action="store_true", help="draw others in the place of trials that failed before"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="print what has been tried and what the rest takes at most; run nothing"
    )
    command.add_argument("--no-report", action="store_true", help="do not write the report at the end")
    scaling_options(command)
    ray_options(command)
    gpu_sharing_option(command)
    duration_options(command, checkpoints=False)
    log_option(command)
    command.set_defaults(command=search, local=False)


def search(options: argparse.Namespace) -> int:
    from rich.console import Console

    from harness.cli.commands.dry_run import dry_search
    from harness.loggers.background import BackgroundLogging
    from harness.store.store import Store
    from harness.tuning.journal import Journal
    from harness.tuning.run import bases, check_writable, searchable, winners_study, write
    from harness.tuning.run import search as search_study

    loggers = loggers_of(options)
    resources = resources_of(options)
    study = searchable(scaled_study(options))
    sought = study.search
    assert sought is not None
    for name in (change.partition("=")[0].strip() for change in options.set):
        if name in sought.space:
            raise UserError(f"--set: {name} is what the search looks for, in {sought.space[name]}")
    if options.trials is not None:
        study = replace(study, search=replace(sought, trials=options.trials))
    if options.write is not None:
        check_writable(study, options.write)
    trials = bases(study, resources)
    corners = [replace(trial, setting=corner) for trial in trials for corner in sought.corners(trial.setting)]
    warn_of_warmups((corner.setting for corner in corners), trials[0], sought.space)
    resources = with_gpu_sharing(resources, options, corners, None if options.dry_run else options.store)
    if options.dry_run:
        dry_search(study, trials, options.store, resources, retry_failed=options.retry_failed)
        return exit_codes.OK
    store = Store(options.store)  # only now: a mistake leaves nothing behind
    console = Console()
    with BackgroundLogging(loggers, study.name, store, console) as logging:
        outcome = search_study(
            study, trials, store, resources, console, retry_failed=options.retry_failed, observer=logging.ended
        )

    if options.no_report:
        from analysis.results.opening import opened
        from analysis.sections.search import winners

        print(f"\n{winners(opened(study.name, options.store)).plain()}")
    else:
        from analysis.report import write_report

        written = write_report(store, study.name)
        print(f"\n{written.summary}\n\nreport: {written.html}")
        repair(store)
    if options.write is not None:
        journal = Journal(study, trials, store)
        journal.resume()
        write(winners_study(study, journal), options.write)
        print(
            f"\nwinners: {options.write}; steadytune run {options.write} runs them over seeds "
            f"{' '.join(map(str, study.seeds))}"
        )
    return exit_codes.FAILED_TRIALS if outcome.failed else exit_codes.OK
