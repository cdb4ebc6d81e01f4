"""``report``: the report of a study, of a table of results, or of another program's results."""

import argparse
import sys
import webbrowser
from pathlib import Path

from harness.cli.commands import exit_codes
from harness.cli.options.store import baseline_option, ddof_option, equivalence_options, map_option, store_option
from harness.cli.options.study import study_name
from harness.cli.reports import tell_of_report
from harness.common.errors import UserError, bad


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "report",
        help="write a study's report from its store, or from a table of results",
        description="Write a study's report: HTML, tables (CSV, Markdown, LaTeX), figures (SVG, PNG). The "
        "input is the store, a table of results, or a folder of runs. analysis/README.md describes the columns.",
    )
    command.add_argument(
        "study",
        metavar="STUDY",
        nargs="?",
        help="a study in the store, a .csv, .tsv or .txt file of results, or a folder of runs of Trainer or Ray Tune",
    )
    command.add_argument(
        "--example",
        metavar="NAME",
        nargs="?",
        const="panx",
        help="write and open the report of results that ship: panx (the default), udpos, ladder or quickstart; "
        "nothing is trained",
    )
    store_option(command)
    command.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder of the report (default: reports/STUDY in the store; of other results: steadytune-reports/NAME)",
    )
    ddof_option(command)
    baseline_option(command, "vanilla, or the first method if there is no vanilla")
    equivalence_options(command)
    map_option(command)
    command.add_argument(
        "--source",
        metavar="XX",
        help="language of the training data, for results that do not name it (default: en)",
    )
    command.add_argument("--published", action="store_true", help="also show the paper's numbers, for any encoder")
    command.add_argument(
        "--watch",
        type=_seconds,
        nargs="?",
        const=30,
        metavar="SECONDS",
        help="write the report again whenever a trial begins, advances or ends, until all have ended. SECONDS is the "
        "time between checks (default: 30)",
    )
    command.set_defaults(command=report, misused=command.error)


def report(options: argparse.Namespace) -> int:
    if options.example is not None:
        return _example(options)
    if options.study is None:
        options.misused("the following arguments are required: STUDY, or --example")
    from analysis.report import write
    from analysis.results.opening import opened
    from analysis.results.view import View
    from analysis.watch import watch

    def look() -> View:
        name = study_name(options.study)
        return opened(
            name,
            options.store,
            source=options.source,
            ddof=options.ddof,
            published=options.published,
            baseline=options.baseline,
            maps=options.map,
        ).with_equivalence(options.equivalent_ratio, options.equivalent_points)

    def show(view: View, refresh: int) -> None:
        tell_of_report(write(view, options.out, refresh=refresh), view.store)

    if options.watch:
        watch(look, show, options.watch)
    else:
        show(look(), 0)
    return exit_codes.OK


def _example(options: argparse.Namespace) -> int:
    """Write the report of the shipped results, and open it in a browser if the output is a terminal."""
    if options.study is not None:
        raise bad("report", options.study, "no study with --example, which has results of its own")
    for option, given in (("--watch", options.watch), ("--map", options.map)):
        if given:
            raise UserError(f"{option}: not with --example, whose results are complete and have their own columns")
    from analysis.examples import example
    from analysis.report import write
    from analysis.results.opening import opened

    with example(options.example) as file:
        view = opened(
            str(file),
            options.store,
            source=options.source,
            ddof=options.ddof,
            published=options.published,
            baseline=options.baseline,
        ).with_equivalence(options.equivalent_ratio, options.equivalent_points)
        written = write(view, options.out)
    tell_of_report(written)
    if sys.stdout.isatty():
        webbrowser.open(written.html.resolve().as_uri())
    return exit_codes.OK


def _seconds(text: str) -> int:
    """A whole number of seconds, from 1 to the length of a day."""
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number of seconds, from 1 to 86400")
    return int(text)
