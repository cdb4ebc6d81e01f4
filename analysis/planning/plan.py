"""The plan of a study: power and cost over numbers of settings and seeds, and the cheapest design of every goal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.claims.claim import Scope
from analysis.planning.costs import Costs, Expense
from analysis.planning.goals import GOALS, Goal, Targets
from analysis.planning.judging import Judge
from analysis.planning.limits import limit
from analysis.planning.pilot import Pilot
from analysis.planning.simulation import Shape, Tallies, simulate
from analysis.planning.surface import Surface
from analysis.results.wording import counted
from harness.common.errors import bad

VERSION = 1
"""Version of ``plan.json``."""
SETTINGS, SEEDS = (1, 2, 3, 4, 6, 8, 10, 14, 20, 30, 40), (1, 2, 3, 4, 5, 8, 12, 20)
"""Simulated numbers of settings, and of seeds. ``grid`` leaves out numbers below the smallest design's."""
MAX_RUNS = 240
"""Largest number of runs of a simulated design, or four times the smallest design's number if larger."""
STUDIES, AGAIN, ROUNDS = 60, 200, 2
"""Studies per design of the grid; studies per chosen design in a further round; number of further rounds."""


@dataclass(frozen=True)
class Power:
    """The power of a design for a goal."""

    power: float
    error: float
    """The power's Monte Carlo standard error."""
    reason: str = ""
    """Why the design can never show the goal; else empty."""


@dataclass(frozen=True)
class Choice:
    """The designs that meet a goal."""

    goal: Goal
    now: Power
    """The power of today's design."""
    more_seeds: Shape | None
    """The design with the fewest seeds at today's settings. ``cheapest`` may have more settings. Each is ``None`` if no
    design in the simulated range suffices."""
    cheapest: Shape | None
    why_not: str
    """Why today's settings do not suffice with any number of seeds; else empty."""


@dataclass(frozen=True)
class Plan:
    """The power of every design for every goal."""

    study: str
    targets: Targets
    pilot: Pilot
    tests: int
    now: Shape
    costs: Costs
    shapes: tuple[Shape, ...]
    """The simulated grid."""
    tallies: Tallies
    surfaces: dict[tuple[Goal, bool], Surface]
    """Keyed by goal, and by whether the claim is on other settings from one seed."""
    choices: tuple[Choice, ...]

    def power(self, goal: Goal, shape: Shape) -> Power:
        """The power of a design."""
        if reason := limit(goal, shape, self.tests):
            return Power(0.0, 0.0, reason)
        return _powers(self.surfaces, goal, [shape])[0]

    def expense(self, shape: Shape) -> Expense:
        return self.costs.of(shape)

    def to_json(self) -> dict[str, Any]:
        """The content of ``plan.json``."""
        world = self.pilot.likely
        parts = {"setting": world.setting, "seed": world.seed, "noise": world.noise}
        return {
            "version": VERSION,
            "study": self.study,
            "method": self.pilot.method,
            "baseline": self.pilot.baseline,
            "targets": self.targets.to_json(),
            "inputs": {
                "from": "pilot" if self.pilot.squares is not None else "defaults",
                "reason": self.pilot.reason,
                "pairs": self.pilot.pairs,
                "effects": {name: {"std": one.std, "pairing": one.pairing} for name, one in parts.items()},
                "language_correlation": world.alike,
                "languages": world.languages,
                "collapse_rates": list(world.rates[::-1]),
                "clustering": world.clustering,
            },
            "methods": self.tests,
            "now": {"settings": self.now[0], "seeds": self.now[1]},
            "grounds": self.costs.rates.grounds,
            "goals": [self._chosen(choice) for choice in self.choices],
            "grid": [self._cell(shape) for shape in self.shapes],
        }

    def _chosen(self, choice: Choice) -> dict[str, Any]:
        return {
            **choice.goal.to_json(),
            "effect": self.targets.effect(choice.goal),
            "now": choice.now.power,
            "more_seeds": self._design(choice.goal, choice.more_seeds),
            "cheapest": self._design(choice.goal, choice.cheapest),
            "reason": choice.why_not,
        }

    def _design(self, goal: Goal, shape: Shape | None) -> dict[str, Any] | None:
        if shape is None:
            return None
        power = self.power(goal, shape)
        return {
            "settings": shape[0],
            "seeds": shape[1],
            "power": power.power,
            "error": power.error,
            **self.expense(shape).to_json(),
        }

    def _cell(self, shape: Shape) -> dict[str, Any]:
        powers = [self.power(goal, shape) for goal in GOALS]
        return {
            "settings": shape[0],
            "seeds": shape[1],
            **self.expense(shape).to_json(),
            "studies": max(self.tallies.studies.get((goal, shape), 0) for goal in GOALS),
            "power": [round(one.power, 4) for one in powers],
            "error": [round(one.error, 4) for one in powers],
            "reasons": [one.reason for one in powers],
        }


def make(
    study: str,
    targets: Targets,
    pilot: Pilot,
    costs: Costs,
    now: Shape,
    *,
    least_seeds: int | None = None,
    tests: int = 1,
    processes: int = 1,
    studies: int = STUDIES,
    shapes: tuple[Shape, ...] = (),
) -> Plan:
    """Simulate a plan.

    Args:
        study: the study's name.
        targets: the effects to be shown, and the power.
        pilot: the population.
        costs: the costs of designs, which decide the cheapest designs.
        now: today's numbers of settings and seeds. Designs have at least as many settings.
        least_seeds: the smallest number of seeds of a design; today's if ``None``.
        tests: number of methods in Holm's correction.
        processes: number of processes. The result does not depend on this number.
        studies: number of simulated studies of each design of the grid. Chosen designs get more studies.
        shapes: the grid; ``grid`` makes it if empty.

    Raises ``UserError`` if ``least_seeds`` is above today's number.
    """
    if least_seeds is not None and least_seeds > now[1]:
        raise bad("least_seeds", least_seeds, f"at most today's number of seeds, {now[1]}")
    judge, tallies = Judge(targets, tests), Tallies()
    least = now[0], now[1] if least_seeds is None else least_seeds
    shapes = shapes or grid(least)
    wanted = {shape: [goal for goal in GOALS if not limit(goal, shape, tests)] for shape in shapes}
    simulate(tallies, pilot, judge, {shape: goals for shape, goals in wanted.items() if goals}, studies, processes)
    fine = _fine(shapes, least)
    for _ in range(ROUNDS):
        choices = _choices(_fits(tallies, tests), targets, costs, now, fine, tests)
        simulate(tallies, pilot, judge, _chosen(choices), max(1, studies * AGAIN // STUDIES), processes)
    surfaces = _fits(tallies, tests)
    choices = _choices(surfaces, targets, costs, now, fine, tests)
    return Plan(study, targets, pilot, tests, now, costs, shapes, tallies, surfaces, choices)


def grid(least: Shape) -> tuple[Shape, ...]:
    """The simulated designs, none smaller than ``least``."""
    ladders = zip(least, (SETTINGS, SEEDS), strict=True)
    axes = [sorted({start, *(one for one in ladder if one >= start)}) for start, ladder in ladders]
    most = max(MAX_RUNS, 4 * least[0] * least[1])
    axes = [axis if len(axis) > 2 else [axis[0], round(1.5 * axis[0]), 2 * axis[0]] for axis in axes]
    return tuple((one, other) for one in axes[0] for other in axes[1] if one * other <= most)


def _fine(shapes: Sequence[Shape], least: Shape) -> list[Shape]:
    """All designs within the simulated range."""
    inside = {settings: max(k for s, k in shapes if s >= settings) for settings in {s for s, _ in shapes}}
    last = max(inside)
    return [
        (settings, seeds)
        for settings in range(least[0], last + 1)
        for seeds in range(least[1], inside[min(one for one in inside if one >= settings)] + 1)
    ]


def _chosen(choices: Sequence[Choice]) -> dict[Shape, list[Goal]]:
    """The chosen designs with their goals.

    They are simulated again, because a choice favours designs whose counts are high by chance.
    """
    found: dict[Shape, list[Goal]] = {}
    for choice in choices:
        for shape in {choice.more_seeds, choice.cheapest} - {None}:
            found.setdefault(shape, []).append(choice.goal)  # type: ignore[arg-type]
    return found


def _fits(tallies: Tallies, tests: int) -> dict[tuple[Goal, bool], Surface]:
    """The surfaces of all goals. For other settings, designs with one seed have other tests, so a separate surface."""
    found = {}
    for goal in GOALS:
        open_to = [shape for shape in tallies.of(goal) if not limit(goal, shape, tests)]
        for single in (True, False):
            shapes = [shape for shape in open_to if _single(goal, shape) is single]
            if shapes:
                shown, studies = (
                    np.array([float(count) for count in counts])
                    for counts in ([of[goal, shape] for shape in shapes] for of in (tallies.shown, tallies.studies))
                )
                found[goal, single] = Surface.of(shapes, shown, studies)
    return found


def _single(goal: Goal, shape: Shape) -> bool:
    return goal.scope is Scope.SETTINGS and shape[1] == 1


def _powers(surfaces: dict[tuple[Goal, bool], Surface], goal: Goal, shapes: Sequence[Shape]) -> list[Power]:
    found = []
    for shape in shapes:
        power, error = surfaces[goal, _single(goal, shape)].power([shape])
        found.append(Power(float(power[0]), float(error[0])))
    return found


def _choices(
    surfaces: dict[tuple[Goal, bool], Surface],
    targets: Targets,
    costs: Costs,
    now: Shape,
    fine: Sequence[Shape],
    tests: int,
) -> tuple[Choice, ...]:
    prices = {shape: _price(costs, shape) for shape in fine}
    ordered = sorted(fine, key=lambda shape: (prices[shape], shape[0] * shape[1], shape[0]))
    return tuple(_choice(surfaces, goal, targets.power, now, ordered, tests) for goal in GOALS)


def _price(costs: Costs, shape: Shape) -> float:
    """The hours of a design, or its number of trials to run if no time is known."""
    expense = costs.of(shape)
    return expense.to_run if math.isnan(expense.hours) else expense.hours


def _choice(
    surfaces: dict[tuple[Goal, bool], Surface],
    goal: Goal,
    wanted: float,
    now: Shape,
    ordered: Sequence[Shape],
    tests: int,
) -> Choice:
    """The cheapest design that meets a goal, and the design with the fewest seeds at today's settings.

    ``ordered`` has all designs, the cheapest first. A claim on other settings from one seed holds at that seed alone,
    so designs with one seed are not chosen for it.
    """
    usable = [shape for shape in ordered if not _single(goal, shape)]
    surface = surfaces.get((goal, False))
    powers = surface.power(usable)[0] if surface is not None and usable else np.zeros(len(usable))
    enough = [shape for shape, power in zip(usable, powers, strict=True) if power >= wanted]
    cheapest = next((shape for shape in enough if not limit(goal, shape, tests)), None)
    same = [shape for shape in enough if shape[0] == now[0] and not limit(goal, shape, tests)]
    reason = limit(goal, now, tests)
    today = Power(0.0, 0.0, reason) if reason else _powers(surfaces, goal, [now])[0]
    more = min(same, key=lambda shape: shape[1], default=None)
    return Choice(goal, today, more, cheapest, "" if more else _why_not(goal, now, usable, powers, tests))


def _why_not(goal: Goal, now: Shape, usable: Sequence[Shape], powers: NDArray[np.float64], tests: int) -> str:
    """The reason why no number of seeds at today's settings gives a goal the wanted power."""
    here = [(power, shape) for shape, power in zip(usable, powers, strict=True) if shape[0] == now[0]]
    open_to = [(power, shape) for power, shape in here if not limit(goal, shape, tests)]
    if not open_to:
        return limit(goal, max((shape for _, shape in here), default=now), tests)
    power, shape = max(open_to)
    return f"power reaches only {power:.2f}, at {counted(shape[1], 'seed')}"
