"""``run``: the missing trials of a study, then its report."""

import argparse

from harness.cli.commands import exit_codes
from harness.cli.commands.options import (
    duration_options,
    gpu_sharing_option,
    log_option,
    loggers_of,
    repair,
    resource_options,
    resources_of,
    scaled_study,
    scaling_options,
    store_option,
    study_argument,
    warn_of_warmups,
    with_gpu_sharing,
)
from harness.cli.commands.show import status_of
from harness.common.errors import UserError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "run",
        help="run a study's missing trials, then report",
        description="Run the trials of a study that the store lacks, then write its report. Run it again to "
        "continue an interrupted study: what has finished is never run twice.",
        epilog="Exit codes: 0 all trials finished, 1 some failed, 2 a mistake in the study or the options, 130 "
        "interrupted.",
    )
    study_argument(command)
    store_option(command)
    scaling_options(command)
    resource_options(command)
    gpu_sharing_option(command)
    duration_options(command)
    log_option(command)
    command.add_argument("--retry-failed", action="store_true", help="run trials again that failed before")
    command.add_argument(
        "--keep-weights",
        action="store_true",
        help="keep the fine-tuned models, to score further languages later without training again",
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="print what the store has, and what time, GPU-hours and disk the rest will take; run nothing",
    )
    command.add_argument("--no-report", action="store_true", help="do not write the report at the end")
    command.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from rich.console import Console

    from harness.cli.commands.dry_run import dry_run
    from harness.execution.plan import plan
    from harness.execution.sweep import sweep
    from harness.loggers.background import BackgroundLogging
    from harness.store.store import Store

    loggers = loggers_of(options)
    resources = resources_of(options)
    study = scaled_study(options)
    if study.search is not None:
        raise UserError(f"study: {study.name} is a search; use 'steadytune search {options.study}'")
    trials = plan(study, gpus=resources.gpus)
    warn_of_warmups((trial.setting for trial in trials), trials[0])
    status = status_of(options.store, trials)
    if lacking := [trial for trial in trials if status[trial.id] != "finished"]:
        from harness.execution.preflight import check  # takes seconds to import, and a finished study does without

        check(lacking, resources)  # before the store: a mistake in the study leaves nothing behind
    resources = with_gpu_sharing(resources, options, lacking, None if options.dry_run else options.store)
    if options.dry_run:
        dry_run(
            study,
            trials,
            options.store,
            resources,
            retry_failed=options.retry_failed,
            keep_weights=options.keep_weights,
        )
        return exit_codes.OK
    store = Store(options.store)
    console = Console()
    with BackgroundLogging(loggers, study.name, store, console) as logging:
        logging.ended(*trials)
        outcome = sweep(
            study,
            trials,
            store,
            resources,
            console,
            retry_failed=options.retry_failed,
            keep_weights=options.keep_weights,
            observer=logging.ended,
        )
    if not options.no_report:
        from analysis.report import write_report

        written = write_report(store, study.name)
        print(f"\n{written.summary}\n\nreport: {written.html}")
        repair(store)
    return exit_codes.FAILED_TRIALS if outcome.failed else exit_codes.OK
