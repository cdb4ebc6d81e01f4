"""The command ``steadytune``. Heavy libraries are imported by the commands that need them: ``list`` and ``--help`` answer at once."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.fisher import Request
    from harness.resources import Resources
    from harness.store import Store
    from harness.study import TrialConfig

STORE = "steadytune-store"

EXIT_OK, EXIT_FAILED_TRIALS, EXIT_USER_ERROR, EXIT_INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns 0, 1 where trials have failed, 2 for the user's mistake, 130 where Ctrl-C ended it."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except UserError as error:
        print(f"steadytune: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("\nsteadytune: interrupted; what had finished is kept, run the same command again to go on", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # e.g. piped into head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="steadytune",
        description="Sensitivity studies of cross-lingual fine-tuning: train on one language, score in all, vary what should not matter.",
        epilog="Start with: steadytune run quickstart",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="list the studies that come with steadytune", description="List the studies by name.")
    command.set_defaults(command=list_studies)

    command = commands.add_parser(
        "show",
        help="show a study's trials",
        description="Show a study's question, methods, settings and trials. Trials that the store has are marked.",
    )
    _study_argument(command)
    _store_option(command)
    _gpus_option(command)
    command.set_defaults(command=show)

    command = commands.add_parser(
        "run",
        help="run a study's missing trials, then report",
        description="Run the trials of a study that the store lacks, then write its report. Run it again to continue an interrupted study: "
        "what has finished is never run twice.",
        epilog="Exit codes: 0 all trials finished, 1 some failed, 2 a mistake in the study or the options, 130 interrupted.",
    )
    _study_argument(command)
    _store_option(command)
    _resource_options(command)
    command.add_argument("--retry-failed", action="store_true", help="run trials again that failed before")
    command.add_argument(
        "--keep-weights", action="store_true", help="keep the fine-tuned models, to score further languages later without training again"
    )
    command.add_argument("--no-report", action="store_true", help="do not write the report at the end")
    command.set_defaults(command=run)

    command = commands.add_parser(
        "report",
        help="write a study's report from its store, or from a table of results",
        description="Write a study's report: HTML, tables (CSV, Markdown, LaTeX), figures (SVG, PNG). Needs the store alone, or a CSV file "
        "of anybody's results; the README says which columns.",
    )
    command.add_argument("study", metavar="STUDY", help="a study that was run, or a .csv file of results")
    _store_option(command)
    command.add_argument("--out", type=Path, metavar="DIR", help="where to write it (default: reports/STUDY in the store)")
    _ddof_option(command)
    command.add_argument("--source", metavar="XX", help="language of the training data, of a .csv file that does not say it (default: en)")
    command.add_argument("--published", action="store_true", help="show the paper's figures beside these, whatever the encoder")
    command.add_argument(
        "--watch",
        type=_seconds,
        nargs="?",
        const=30,
        metavar="SECONDS",
        help="write it again as trials end, until all have; looks every 30 seconds unless you say otherwise",
    )
    command.set_defaults(command=report)

    command = commands.add_parser(
        "compare",
        help="put two studies, stores or tables of results side by side",
        description="Write a report of two results as one: every method of the second is compared with the same of the first, over the "
        "settings and seeds that both have.",
    )
    command.add_argument("first", metavar="A", help="a study that was run, or a .csv file of results")
    command.add_argument("second", metavar="B", help="likewise")
    _store_option(command)
    command.add_argument("--other-store", metavar="PLACE", help="the store of B, where it is another than that of A")
    command.add_argument("--out", type=Path, metavar="DIR", help="where to write it (default: reports/A-and-B in the store)")
    _ddof_option(command)
    command.add_argument("--source", metavar="XX", help="language of the training data, of .csv files that do not say it (default: en)")
    command.set_defaults(command=compare)

    command = commands.add_parser(
        "fisher",
        help="how far apart languages are in a study's encoder, and how that goes with its scores",
        description="Compute the Fisher information of the encoder in every language of a study, and write the Fréchet distances between "
        "them and their correlation with the zero-shot scores that the store has of the study (the paper's Table 5).",
    )
    _study_argument(command)
    _store_option(command)
    command.add_argument(
        "--text",
        action="append",
        metavar="PLACE",
        help="unlabelled text: 'task' (the study's own test sets), 'wikipedia', 'embedded' or a folder; several if given again "
        "(default: task)",
    )
    command.add_argument(
        "--languages", nargs="+", metavar="XX", help="target languages (default: those of the study that have enough text)"
    )
    command.add_argument("--examples", type=int, default=100, metavar="N", help="text windows of a language (default: %(default)s)")
    command.add_argument("--estimator", default="empirical", metavar="NAME", help="empirical or sampled (default: %(default)s)")
    command.add_argument("--masking-seed", type=int, default=0, metavar="N", help="of the masked tokens (default: %(default)s)")
    command.add_argument("--method", metavar="LABEL", help="whose scores, as tables name it (default: vanilla, or the study's first)")
    command.add_argument("--out", type=Path, metavar="DIR", help="where to write it (default: reports/STUDY/fisher in the store)")
    _ddof_option(command)
    _resource_options(command)
    command.set_defaults(command=fisher)
    return parser


def _seconds(text: str) -> int:
    """A whole number of seconds, from 1 to a day's."""
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number of seconds, from 1 to 86400")
    return int(text)


def _ddof_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ddof", type=int, choices=(0, 1), default=1, help="of standard deviations: 1 sample, 0 population (default: 1)")


def _resource_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--local", action="store_true", help="one after another in this process, without Ray (for debugging)")
    command.add_argument("--cpus-per-trial", type=int, default=1, metavar="N", help="CPU cores of a trial (default: %(default)s)")
    _gpus_option(command)
    command.add_argument("--ray-address", metavar="ADDRESS", help="run on an existing Ray cluster, e.g. 'auto' (default: on this machine)")


def _study_argument(command: argparse.ArgumentParser) -> None:
    command.add_argument("study", metavar="STUDY", help="a name from 'steadytune list', or your own .py or .yaml file")


def _store_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store", default=STORE, metavar="PLACE", help="folder or URL that keeps all trials, shared by all studies (default: %(default)s)"
    )


def _gpus_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--gpus-per-trial", type=float, metavar="X", help="GPU of a trial, e.g. 0.25 for four on one (default: 1 where there are any)"
    )


def list_studies(options: argparse.Namespace) -> int:
    import search_spaces

    for name in search_spaces.names():
        study = search_spaces.load(name)
        print(f"{name:<24} {sum(1 for _ in study.runs()):>5} trials  {study.question}")
    return EXIT_OK


def show(options: argparse.Namespace) -> int:
    import search_spaces
    from harness.plan import plan
    from harness.setting import setting_labels

    study = search_spaces.load(options.study)
    trials = plan(study, gpus=options.gpus_per_trial)
    status = _status(options.store, trials)
    print(f"{study.name}: {study.question}\n")
    print(f"task      {study.task}, {study.source} to {' '.join(study.targets)}")
    print(f"encoder   {study.encoder} ({trials[0].encoder_revision})")
    print(f"data      {study.data} (training data {trials[0].training_data})")
    print(f"precision {trials[0].precision}\n")
    labels = setting_labels([trial.setting for trial in trials])
    print(f"{len(trials)} trials, {sum(word == 'finished' for word in status.values())} finished in {options.store}")
    for trial in trials:
        print(f"  {trial.id}  {status[trial.id]:<8}  {trial.method.label}  {labels[trial.setting]}  seed={trial.seed}")
    return EXIT_OK


def _status(place: str, trials: "list[TrialConfig]") -> dict[str, str]:
    """Whether the store has each trial, by id: finished, failed or missing."""
    from harness.store import NoStoreError, Store

    status = dict.fromkeys((trial.id for trial in trials), "missing")
    try:
        standing = Store(place, create=False).standing(trials)
    except NoStoreError:
        return status
    return status | dict.fromkeys(standing.finished, "finished") | dict.fromkeys(standing.failures, "failed")


def run(options: argparse.Namespace) -> int:
    from rich.console import Console

    import search_spaces
    from harness.plan import plan
    from harness.preflight import check
    from harness.store import Store
    from harness.sweep import sweep

    resources = _resources(options)
    study = search_spaces.load(options.study)
    trials = plan(study, gpus=resources.gpus)
    status = _status(options.store, trials)
    if lacking := [trial for trial in trials if status[trial.id] != "finished"]:
        check(lacking, resources)  # before the store: a mistake in the study leaves nothing behind
    store = Store(options.store)
    outcome = sweep(study, trials, store, resources, Console(), retry_failed=options.retry_failed, keep_weights=options.keep_weights)
    if not options.no_report:
        _report(store, study.name)
    return EXIT_FAILED_TRIALS if outcome.failed else EXIT_OK


def _resources(options: argparse.Namespace) -> "Resources":
    """What the options give a trial. Called before torch looks for GPUs."""
    from harness.resources import Resources

    resources = Resources(local=options.local, cpus=options.cpus_per_trial, gpus=options.gpus_per_trial, ray_address=options.ray_address)
    if options.local:
        # One device a trial, as on Ray: with several, transformers would train on all, with a larger batch than the setting says.
        os.environ["CUDA_VISIBLE_DEVICES"] = (
            "" if options.gpus_per_trial == 0 else os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        )
    return resources


def fisher(options: argparse.Namespace) -> int:
    from rich.console import Console

    import search_spaces
    from harness.errors import bad, unknown
    from harness.estimate import Estimate

    resources = _resources(options)
    study = search_spaces.load(options.study)
    for language in options.languages or ():
        if language not in study.targets:
            raise unknown("--languages", language, study.targets)
    languages = (study.source, *dict.fromkeys(options.languages or study.targets))
    texts = list(dict.fromkeys(options.text or ["task"]))
    given = {"examples": options.examples, "estimator": options.estimator, "masking_seed": options.masking_seed}
    estimates = [Estimate(languages=(study.source,), text=text, **given) for text in texts]
    methods = [arm.method.arm.label for arm in study.arms]
    if options.method is not None and options.method not in methods:
        raise unknown("--method", options.method, methods)
    labels = [text if text in ("task", "wikipedia", "embedded") else Path(text).resolve().name for text in texts]
    if len(set(labels)) < len(labels):
        raise bad("--text", texts, "folders of different names: the report names them so")

    from analysis.fisher_report import write_fisher_report
    from harness import fishers
    from harness.plan import absolute
    from harness.store import Store
    from harness.sweep import diagonals

    console = Console()
    wanted: list[dict[str, Request]] = []
    for label, estimate in zip(labels, estimates, strict=True):
        wanted.append({})
        for language in languages:
            try:
                one = replace(estimate, languages=(language,), text=absolute("--text", estimate.text))
                wanted[-1][language] = fishers.of_study(study, one)
            except UserError as error:
                if options.languages or language == study.source:
                    raise
                console.print(f"{label}: without {language}, as {error}", highlight=False, soft_wrap=True)
        if len(wanted[-1]) < 2:
            raise bad("--text", estimate.text, "text in at least one of the study's target languages")
    store = Store(options.store)  # only now: a mistake leaves nothing behind
    found = iter(diagonals([request for requests in wanted for request in requests.values()], store, resources, console))
    files = {label: {language: next(found) for language in requests} for label, requests in zip(labels, wanted, strict=True)}
    written = write_fisher_report(store, study, files, options.out, method=options.method, ddof=options.ddof)
    print(f"\n{written.summary}\n\nreport: {written.html}")
    return EXIT_OK


def report(options: argparse.Namespace) -> int:
    from analysis.opening import opened
    from analysis.report import write
    from analysis.view import View
    from analysis.watch import watch

    def look() -> View:
        name = _study_name(options.study)
        return opened(name, options.store, source=options.source, ddof=options.ddof, published=options.published)

    def show(view: View, refresh: int) -> None:
        written = write(view, options.out, refresh=refresh)
        print(f"\n{written.summary}\n\nreport: {written.html}", flush=True)

    if options.watch:
        watch(look, show, options.watch)
    else:
        show(look(), 0)
    return EXIT_OK


def compare(options: argparse.Namespace) -> int:
    from analysis.compare import side_by_side
    from analysis.opening import opened
    from analysis.report import write

    places = options.store, options.other_store or options.store
    words = options.first, options.second
    one, other = (opened(_study_name(word), place, source=options.source) for word, place in zip(words, places, strict=True))
    names = [one.results.about.name, other.results.about.name]
    if names[0] == names[1]:
        names = list(words)
    if names[0] == names[1] and places[0] != places[1]:
        names = [f"{name} in {place}" for name, place in zip(names, places, strict=True)]
    both = side_by_side(names[0], one, names[1], other, ddof=options.ddof)
    written = write(both, options.out)
    print(f"\n{both.results.about.question}\n\n{written.summary}\n\nreport: {written.html}")
    return EXIT_OK


def _study_name(word: str) -> str:
    """The name of a study, of one's own file too."""
    import search_spaces

    return search_spaces.load(word).name if search_spaces.is_file_name(word) else word


def _report(store: "Store", study: str) -> None:
    from analysis.report import write_report

    written = write_report(store, study)
    print(f"\n{written.summary}\n\nreport: {written.html}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("steadytune")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
