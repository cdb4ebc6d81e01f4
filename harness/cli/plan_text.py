"""A plan as text of at most 80 columns, and the commands that run its designs."""

import argparse
import math
import shlex
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.claims.claim import Quantity, Scope
from analysis.planning.costs import Expense
from analysis.planning.goals import GOALS, Goal
from analysis.planning.plan import Plan
from analysis.planning.simulation import Shape
from analysis.results.wording import counted
from harness.common.console import aligned, span
from harness.execution.costs.elsewhere import gpu_hours, two_digits

if TYPE_CHECKING:
    from harness.study import Study

WIDTH = 80
LETTERS = "abcdefghijkl"
NAMES = {Quantity.COLLAPSE: "collapse", Quantity.SPREAD: "spread", Quantity.MEAN: "mean"}
SCOPES = {Scope.THESE: "these runs", Scope.SEEDS: "other seeds", Scope.SETTINGS: "other settings"}
ROWS = 14
"""Largest number of designs in the table of the grid, besides the current design; ``plan.json`` has all."""


def told(plan: Plan, study: "Study", options: argparse.Namespace) -> Iterator[str]:
    """The lines of a plan."""
    yield ""
    yield from _wrapped(_inputs(plan))
    yield from ("", *aligned(_choices(plan), right=(2, 3, 4, 5, 6, 7)), "")
    yield from _wrapped(
        f"now: power of {counted(plan.now[0], 'setting')} × {counted(plan.now[1], 'seed')}. "
        f"seeds: the fewest at {counted(plan.now[0], 'setting')} with a power of {plan.targets.power:g}. "
        f"cheapest: settings × seeds at the lowest cost. Then follow power (Monte Carlo "
        f"error up to {_error(plan):.2f}), trials still to run, and the range of their time."
    )
    yield from _impossible(plan)
    yield from ("", f"Power in % (a to {LETTERS[len(GOALS) - 1]} as above):", "")
    yield from _powers(plan)
    yield from ("", "Trials still to run, and their cost:", "")
    yield from _expenses(plan)
    yield ""
    yield from _wrapped(
        f"Time from {plan.costs.rates.grounds}." if _timed(plan) else f"Time: {plan.costs.rates.grounds}."
    )
    yield from _commands(plan, study, options)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)


def _inputs(plan: Plan) -> str:
    """The simulated population, and its origin."""
    pilot, world = plan.pilot, plan.pilot.likely
    effects = ", ".join(
        f"{name} {one.std:.1f} ({one.pairing:.2f})"
        for name, one in (("setting", world.setting), ("seed", world.seed), ("noise", world.noise))
    )
    if pilot.squares is not None:
        start = f"From a pilot of {pilot.pairs} pairs of runs, with its uncertainty, and the defaults as its prior"
    else:
        start = f"From defaults ({pilot.reason})"
    rates = "{:.0f} and {:.0f} %".format(*(100 * rate for rate in world.rates[::-1]))
    lost = f"; {pilot.baseline} and {pilot.method} collapse in {rates} of runs" if any(world.rates) else ""
    several = f"; p corrected for {plan.tests} methods" if plan.tests > 1 else ""
    return (
        f"{start}. Std in points: {effects}; in brackets the correlation of {pilot.method} with {pilot.baseline}. "
        f"{counted(world.languages, 'language')}, correlated {world.alike:.2f}{lost}{several}."
    )


def _choices(plan: Plan) -> list[list[str]]:
    rows = [["", "to be shown", "now", "seeds", "cheapest", "power", "trials", "time"]]
    group: tuple[Quantity, bool] | None = None
    for letter, choice in zip(LETTERS, plan.choices, strict=False):
        goal = choice.goal
        if group != (goal.quantity, goal.same):
            group = goal.quantity, goal.same
            same = "same " if goal.same else ""
            rows.append(["", f"{same}{NAMES[goal.quantity]}, {plan.targets.effect(goal)}", *[""] * 6])
        best = [""] * 3 if choice.cheapest is None else _figures(plan, goal, choice.cheapest)
        cheapest = "none" if choice.cheapest is None else "{} × {}".format(*choice.cheapest)
        seeds = "none" if choice.more_seeds is None else str(choice.more_seeds[1])
        rows.append([letter, f"  {SCOPES[goal.scope]}", f"{choice.now.power:.2f}", seeds, cheapest, *best])
    return rows


def _figures(plan: Plan, goal: Goal, shape: tuple[int, int]) -> list[str]:
    expense = plan.expense(shape)
    return [f"{plan.power(goal, shape).power:.2f}", str(expense.to_run), _time(expense)]


def _time(expense: Expense) -> str:
    if math.isnan(expense.hours):
        return "?"
    return span(*(3600 * hours for hours in expense.span(expense.hours))).replace(" to ", "–")


def _timed(plan: Plan) -> bool:
    return not math.isnan(plan.expense(plan.now).hours)


def _error(plan: Plan) -> float:
    found = [plan.power(choice.goal, choice.cheapest).error for choice in plan.choices if choice.cheapest is not None]
    return max(found, default=0.0)


def _impossible(plan: Plan) -> Iterator[str]:
    """Goals that the current settings never meet, with the reason."""
    reasons: dict[str, list[str]] = {}
    for letter, choice in zip(LETTERS, plan.choices, strict=False):
        if choice.why_not:
            reasons.setdefault(choice.why_not, []).append(letter)
    if reasons:
        count = plan.now[0]
        most = max(seeds for _, seeds in plan.shapes)
        yield from ("", f"With {count} setting{'s' * (count > 1)}, {most} seeds or fewer are not enough:")
        for reason, letters in reasons.items():
            yield from textwrap.wrap(
                f"{', '.join(letters)}: {reason}", WIDTH, initial_indent="  ", subsequent_indent="  "
            )


def _shapes(plan: Plan) -> list[Shape]:
    """Some designs of the grid, including the current design if the grid has it."""
    step = max(1, math.ceil(len(plan.shapes) / ROWS))
    return sorted({plan.now, *plan.shapes[::step]} if plan.now in plan.shapes else {*plan.shapes[::step]})


def _powers(plan: Plan) -> Iterator[str]:
    rows = [["design", "".join(f"{x:>4}" for x in LETTERS)]]
    for shape in _shapes(plan):
        powers = [plan.power(goal, shape) for goal in GOALS]
        rows.append(
            [_design(shape), "".join(f"{'–' if one.reason else f'{100 * one.power:.0f}':>4}" for one in powers)]
        )
    yield from aligned(rows)
    yield "–: can never be shown"


def _expenses(plan: Plan) -> Iterator[str]:
    priced, on_gpus = plan.costs.rates.price is not None, plan.costs.rates.gpus > 0
    rows = [["design", "trials", "time", *["GPU-hours"] * on_gpus, *["EUR"] * priced]]
    for shape in _shapes(plan):
        cost = plan.expense(shape)
        others = [_gpu_hours(cost)] * on_gpus + [_range(cost.span(cost.money))] * priced
        rows.append([_design(shape), str(cost.to_run), _time(cost), *others])
    yield from aligned(rows, right=range(1, len(rows[0])))


def _design(shape: Shape) -> str:
    return "{}×{}".format(*shape)


def _gpu_hours(cost: Expense) -> str:
    return "?" if math.isnan(cost.gpu_hours) else gpu_hours(*cost.span(cost.gpu_hours)).replace(" to ", "–")


def _range(values: tuple[float, float]) -> str:
    return "?" if math.isnan(values[0]) else "–".join(dict.fromkeys(two_digits(value) for value in values))


def _commands(plan: Plan, study: "Study", options: argparse.Namespace) -> Iterator[str]:
    """The commands that run the chosen designs. They add to the trials that the store has."""
    designs: dict[tuple[int, int], list[str]] = {}
    for letter, choice in zip(LETTERS, plan.choices, strict=False):
        for shape in dict.fromkeys((choice.more_seeds, choice.cheapest)):
            if shape is not None:
                designs.setdefault(shape, []).append(letter)
    grown = False
    for (settings, seeds), letters in sorted(designs.items()):
        grown |= settings > plan.now[0]
        words = command(study, seeds, options)
        yield from ("", f"{settings} × {seeds}, for {', '.join(letters)}:")
        *lines, last = _wrapped_command(words)
        yield from (f"{line} \\" for line in lines)
        yield last
    if grown:
        yield ""
        yield from _wrapped(
            f"A design of more than {counted(plan.now[0], 'setting')} needs a larger study. {_growth()}"
        )


def _wrapped_command(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH - 2, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def command(study: "Study", seeds: int, options: argparse.Namespace) -> str:
    """The command that runs a study with a number of seeds: the study's seeds, then the smallest unused seeds."""
    own = [*dict.fromkeys(seed for arm in study.arms for seed in arm.seeds)]
    others = (seed for seed in range(seeds + len(own)) if seed not in own)
    wanted = [*own, *others][: max(seeds, 1)]
    words = ["steadytune", "run", options.study, "--store", options.store]
    for change in options.set:
        words += ["--set", change]
    if options.languages:
        words += ["--languages", *options.languages]
    if options.limit_train is not None:
        words += ["--limit-train", str(options.limit_train)]
    return shlex.join([*words, "--seeds", *map(str, wanted)])


def _growth() -> str:
    return (
        "Raise 'points' of 'sobol' or 'random', or add settings at the end of a list. Both ways keep all settings and "
        "ids."
    )
