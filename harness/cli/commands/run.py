"""``run``: the missing trials of a study, then its report."""

import argparse

from harness.cli.commands import exit_codes
from harness.cli.options.gpu_sharing import gpu_sharing_option, with_gpu_sharing
from harness.cli.options.loggers import log_option, loggers_of
from harness.cli.options.resources import (
    duration_options,
    hardware_of,
    on_option,
    resource_options,
    resources_of,
    shard_option,
)
from harness.cli.options.store import store_option
from harness.cli.options.study import scaled_study, scaling_options, study_argument
from harness.cli.reports import tell_of_report
from harness.common.errors import UserError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "run",
        help="run a study's missing trials, then write its report",
        description="Run the study's trials that the store lacks, then write the study's report. The same command "
        "continues an interrupted study. No finished trial runs twice.",
        epilog="Exit codes: 0 = all trials finished. 1 = some trials failed. 2 = a mistake in the study or the "
        "options. 130 = interrupted. 143 = ended by SIGTERM or SIGUSR1. 129 = ended by SIGHUP.",
    )
    study_argument(command)
    store_option(command)
    scaling_options(command)
    resource_options(command)
    shard_option(command)
    gpu_sharing_option(command)
    duration_options(command)
    log_option(command)
    command.add_argument("--retry-failed", action="store_true", help="retry trials that failed before")
    command.add_argument(
        "--keep-weights",
        action="store_true",
        help="keep the fine-tuned models: a later run can then score further languages without training",
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="count the trials in the store, and estimate time, GPU-hours and disk of the rest; complete no trial",
    )
    on_option(command)
    command.add_argument("--no-report", action="store_true", help="do not write the report at the end")
    command.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    from harness.cli.commands.dry_run import dry_run
    from harness.execution.on_ray.ahead import ray_ahead
    from harness.execution.preparation import prepared, try_first_steps

    loggers = loggers_of(options)
    resources = resources_of(options)
    asked = scaled_study(options)
    if asked.search is not None:
        raise UserError(f"study: {asked.name} is a search; use 'steadytune search {options.study}'")
    with ray_ahead(resources) as begin:
        # No Ray runs beside measurements of a shared GPU.
        begins = None if options.dry_run or options.trials_per_gpu is not None else begin
        ready = prepared(asked, options.store, resources, begins, retry_failed=options.retry_failed)
        study, trials, lacking = ready.study, ready.trials, ready.lacking
        resources = with_gpu_sharing(resources, options, lacking, None if options.dry_run else options.store)
        choices = {"retry_failed": options.retry_failed, "keep_weights": options.keep_weights}
        if options.dry_run:
            dry_run(study, trials, options.store, resources, hardware=hardware_of(options), **choices)
            return exit_codes.OK

        try_first_steps(lacking, resources)
        from harness.execution.follow.study_log import study_console
        from harness.execution.sweep import sweep
        from harness.loggers.background import BackgroundLogging
        from harness.store.store import Store

        store = Store(options.store)
        with (
            study_console(store, study.name, "run") as console,
            BackgroundLogging(loggers, study.name, store, console) as logging,
        ):
            logging.ended(*trials)
            outcome = sweep(study, trials, store, resources, console, observer=logging, **choices)
    if not options.no_report:
        from analysis.report import write_report

        tell_of_report(write_report(store, study.name), store)
    return exit_codes.FAILED_TRIALS if outcome.failed else exit_codes.OK
