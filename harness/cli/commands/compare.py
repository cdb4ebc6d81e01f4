"""``compare``: two results side by side."""

import argparse
from pathlib import Path

from harness.cli.commands import exit_codes
from harness.cli.options.store import baseline_option, ddof_option, equivalence_options, map_option, store_option
from harness.cli.options.study import study_name
from harness.cli.reports import repair, tell_of_report
from harness.common.errors import without_credentials


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "compare",
        help="put two studies, stores or tables of results side by side",
        description="Write one report of two results. It compares each method of B with the same method of A, over the "
        "settings and seeds that both have.",
    )
    command.add_argument(
        "first", metavar="A", help="a study that was run, a .csv, .tsv or .txt file of results, or a folder of runs"
    )
    command.add_argument("second", metavar="B", help="the second results, in one of the same forms")
    store_option(command)
    command.add_argument("--other-store", metavar="PLACE", help="the store of B, if it differs from the store of A")
    command.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the report (default: steadytune-reports/A-and-B)"
    )
    ddof_option(command)
    baseline_option(command, "for every method of B, the same method of A")
    equivalence_options(command)
    map_option(command)
    command.add_argument(
        "--source", metavar="XX", help="language of the training data, for results that do not name it (default: en)"
    )
    command.set_defaults(command=compare)


def compare(options: argparse.Namespace) -> int:
    from analysis.report import write
    from analysis.results.merge import side_by_side
    from analysis.results.opening import opened

    places = options.store, options.other_store or options.store
    words = options.first, options.second
    one, other = (
        opened(study_name(word), place, source=options.source, maps=options.map)
        for word, place in zip(words, places, strict=True)
    )
    names = [one.results.about.name, other.results.about.name]
    if names[0] == names[1]:
        names = list(words)
    if names[0] == names[1] and places[0] != places[1]:
        names = [f"{name} in {without_credentials(place)}" for name, place in zip(names, places, strict=True)]
    both = side_by_side(names[0], one, names[1], other, ddof=options.ddof, baseline=options.baseline)
    both = both.with_equivalence(options.equivalent_ratio, options.equivalent_points)
    written = write(both, options.out)
    print(f"\n{both.results.about.question}")
    tell_of_report(written)
    for view in (one, other):
        repair(view.store)
    return exit_codes.OK
