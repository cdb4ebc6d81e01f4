"""``plan``: the numbers of settings and seeds that a claim needs, and their cost."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.commands import exit_codes
from harness.cli.options.resources import gpus_option
from harness.cli.options.store import baseline_option, store_option
from harness.cli.options.study import scaled_study, scaling_options, study_argument
from harness.common.console import filled
from harness.common.errors import UserError, bad, unknown

if TYPE_CHECKING:
    from harness.study import FullArm, Study
    from harness.tasks.metrics import Measure


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "plan",
        help="compute the settings and seeds that a claim needs, and their cost",
        description="Simulate studies from a study's trials in the store, or from defaults. Print the numbers of "
        "settings and seeds at which the report shows an effect, and their cost. The command runs no trial of the "
        "study.",
    )
    study_argument(command)
    store_option(command)
    scaling_options(command)
    group = command.add_argument_group("effects that the report must show")
    group.add_argument(
        "--ratio",
        type=float,
        default=0.7,
        metavar="R",
        help="ratio of the method's standard deviation to the baseline's (default: 0.7)",
    )
    group.add_argument(
        "--collapse",
        default="0.2:0.02",
        metavar="BASE:METHOD",
        help="collapse rates of the baseline and of the method (default: 0.2:0.02)",
    )
    group.add_argument(
        "--difference",
        type=float,
        metavar="POINTS",
        help="mean zero-shot score minus the baseline's (default: 1, or -1 if lower scores are better)",
    )
    group.add_argument(
        "--equivalent",
        metavar="LOW:HIGH",
        help="ratios of standard deviations that count as the same (default: the study's, else 0.8:1.25)",
    )
    group.add_argument(
        "--power",
        type=float,
        default=0.8,
        metavar="P",
        help="share of simulated studies that show the effect (default: 0.8)",
    )
    baseline_option(command, "vanilla, or the first method if there is no vanilla")
    command.add_argument(
        "--method",
        metavar="METHOD",
        help="label of the method to plan for (default: the method with the most stored pairs of runs, else the first)",
    )
    command.add_argument(
        "--on", metavar="HARDWARE", help="machine of the trials, such as '8 A100' (default: this machine)"
    )
    command.add_argument("--price", type=float, metavar="EUR_PER_HOUR", help="price of an hour of the whole machine")
    gpus_option(command)
    command.add_argument("--cpus-per-trial", type=int, default=1, metavar="N", help="CPU cores of a trial (default: 1)")
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="path of plan.json (default: in the folder of the study's report)"
    )
    command.set_defaults(command=plan)


def plan(options: argparse.Namespace) -> int:
    from analysis.planning.goals import Targets  # here, because the imports take a second
    from analysis.planning.plan import make
    from harness.cli import planning
    from harness.cli.plan_text import told
    from harness.common.machine.cores import cores

    study = scaled_study(options)
    measure = _measure(study)
    bounds = _bounds(study, options.equivalent)
    targets = Targets(
        ratio=options.ratio,
        collapse=_rates(options.collapse),
        difference=measure.sign * 1.0 if options.difference is None else options.difference,
        same_ratio=bounds[0],
        same_points=bounds[1],
        power=options.power,
    )
    if options.price is not None and not options.price > 0:
        raise bad("--price", options.price, "a number above 0")
    arms = _arms(study, options.baseline)
    baseline, others = arms[0], arms[1:]
    pilot = planning.pilot(study, options.store, baseline, _named(others, options.method))
    method = next(arm for arm in others if arm.method.arm.label == pilot.method)
    now = _now(study, method, baseline)
    costs, finished = planning.costs(study, now, options)
    told_first = f"{study.name}: plan simulates studies of {pilot.method} and {pilot.baseline}; this takes a minute."
    print(*filled(told_first), sep="\n", flush=True)
    made = make(
        study.name,
        targets,
        pilot,
        costs,
        now,
        least_seeds=None if finished else 1,
        tests=len(others),
        processes=min(cores(), 16),
    )
    for line in told(made, study, options):
        print(line)
    out = options.out or planning.default_file(options.store, study.name)
    planning.write(out, json.dumps(made.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    print(f"\nplan: {out}")
    return exit_codes.OK


def _measure(study: "Study") -> "Measure":
    """The measure of the study's scores. Raises ``UserError`` if it is not in points, the unit of the planner."""
    from harness.tasks import task_named

    task = task_named(study.task)
    if not task.measure.points:
        raise bad("metric", task.metric, "a metric in points: a plan's effects and defaults are in points")
    return task.measure


def _arms(study: "Study", baseline: str | None) -> "list[FullArm]":
    """The baseline, then the other methods.

    Raises ``UserError`` for a search, a single method and an unknown baseline.
    """
    if study.search is not None:
        raise UserError(
            f"study: {study.name} is a search; its trials are no sample of settings, so give a study without a search"
        )
    arms = {arm.method.arm.label: arm for arm in study.arms}
    if len(arms) < 2:
        raise UserError(f"study: {study.name} has one method, {', '.join(arms)}; a plan compares two")
    first = baseline if baseline is not None else "vanilla" if "vanilla" in arms else next(iter(arms))
    if first not in arms:
        raise unknown("--baseline", first, arms)
    return [arms.pop(first), *arms.values()]


def _named(others: "list[FullArm]", method: str | None) -> "list[FullArm]":
    if method is None:
        return others
    labels = {arm.method.arm.label: arm for arm in others}
    if method not in labels:
        raise unknown("--method", method, labels)
    return [labels[method]]


def _now(study: "Study", method: "FullArm", baseline: "FullArm") -> tuple[int, int]:
    """Numbers of the settings and of the seeds that two methods share."""
    settings = sum(setting in baseline.settings for setting in method.settings)
    seeds = sum(seed in baseline.seeds for seed in method.seeds)
    if not settings or not seeds:
        raise UserError(
            f"study: {study.name} has no setting and seed that {method.method.arm.label} and "
            f"{baseline.method.arm.label} share; a plan is for paired runs"
        )
    return settings, seeds


def _bounds(study: "Study", given: str | None) -> tuple[tuple[float, float], float]:
    """The bounds of equivalence: of the ratio, and of the difference in points."""
    from harness.study.equivalence import DEFAULT, EquivalenceBounds

    of_study = study.equivalence or DEFAULT
    if given is None:
        return of_study.ratio, of_study.points
    try:
        low, high = map(float, given.split(":"))
        return EquivalenceBounds(ratio=(low, high)).ratio, of_study.points
    except (ValueError, UserError):
        raise bad("--equivalent", given, "two ratios, one below 1 and one above, such as 0.8:1.25") from None


def _rates(given: str) -> tuple[float, float]:
    try:
        base, method = map(float, given.split(":"))
    except ValueError:
        raise bad("--collapse", given, "the rates of the baseline and of the method, such as 0.2:0.02") from None
    return base, method
