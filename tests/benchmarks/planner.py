"""The planner's promised power beside the share of findings in studies from another generator.

    python -m tests.benchmarks.planner [--studies 200] [--planned 60] [--processes 2]

The planner gets the population of ``tests.benchmarks.claims`` in its own terms. Its designs are then drawn by that
benchmark's generator, and judged by the code behind ``answer.json``. The planner and that benchmark share no code
before the tests themselves. The second table compares the power of three numbers of runs with an independent
simulation: 14 languages correlated 0.8, and a correlation of 0.5 between the methods.
"""

import argparse
import math
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from analysis.claims import collapse, means, spread
from analysis.claims.claim import LEVEL, Claim, Quantity, Scope, Verdict, judged
from analysis.claims.spread_test import std_test
from analysis.planning.costs import ArmCost, Costs, Rates
from analysis.planning.goals import GOALS, Goal, Targets
from analysis.planning.pilot import DEFAULT, Pilot
from analysis.planning.plan import STUDIES, Plan, make
from analysis.planning.simulation import Shape
from analysis.planning.world import Effect, World, draw
from analysis.results.comparison import Comparison
from tests.benchmarks.claims import worlds
from tests.benchmarks.claims.studies import Design, simulate

TARGETS = Targets(ratio=0.6, collapse=(0.3, 0.02), difference=1.0, same_ratio=(0.7, 1 / 0.7), same_points=1.0)
POPULATION = World(Effect(2.0, 1.0), Effect(0.0, 0.0), Effect(2.0, worlds.PAIRING), worlds.ALIKE, worlds.LANGUAGES)
"""The benchmark's population: settings shift both methods alike."""
CLOSE = 0.05
"""Largest accepted distance between promise and share, besides two standard errors of the share."""
INDEPENDENT = {(0.5, 15): 0.92, (0.7, 40): 0.81, (0.8, 90): 0.84}
"""Power by ratio and number of runs, by another program."""


@dataclass(frozen=True)
class Known(Pilot):
    """A known population in a pilot's place."""

    world: World = POPULATION

    @property
    def likely(self) -> World:  # type: ignore[override]
        return self.world

    def drawn(self, random: np.random.Generator) -> World:
        return self.world


def population(world: World = POPULATION) -> Known:
    return Known("l2", "vanilla", world.languages, None, np.zeros((2, 0)), np.zeros(0), "a known population", world)


def planned(studies: int = STUDIES, processes: int = 1, shapes: tuple[Shape, ...] = ()) -> Plan:
    """The plan for ``TARGETS``."""
    costs = Costs(6, [ArmCost(6, 1, 60.0, 0)] * 2, Rates(1, 0.0, None))
    return make("planner", TARGETS, population(), costs, (6, 3), processes=processes, studies=studies, shapes=shapes)


def studied(goal: Goal) -> worlds.World:
    """The benchmark's world of a goal."""
    if goal.same:
        return worlds.World()
    if goal.quantity is Quantity.COLLAPSE:
        return worlds.World(collapse=(TARGETS.collapse[1], TARGETS.collapse[0]))
    if goal.quantity is Quantity.SPREAD:
        return worlds.World(ratio=TARGETS.ratio)
    return worlds.World(difference=TARGETS.difference)


def wanted(goal: Goal) -> Verdict:
    """The verdict that shows a goal."""
    if goal.same:
        return Verdict.EQUIVALENT
    return Verdict.HIGHER if goal.quantity is Quantity.MEAN else Verdict.LOWER


def found(goal: Goal, shape: Shape, numbers: Sequence[int]) -> int:
    """The number of studies from the other generator with an answer that shows a goal."""
    hits = 0
    for number in numbers:
        study = simulate(studied(goal), Design(*shape), np.random.default_rng((1, *shape, GOALS.index(goal), number)))
        claims = judged(_claims(study.view.comparisons["l2"], goal.quantity))
        hits += any(claim.scope is goal.scope and claim.verdict is wanted(goal) for claim in claims)
    return hits


def _claims(comparison: Comparison, quantity: Quantity) -> list[Claim]:
    """The claims of ``answer.json`` on one quantity; the others would take most of the time."""
    if quantity is Quantity.COLLAPSE:
        return collapse.claims(comparison)
    if quantity is Quantity.SPREAD:
        return spread.claims(comparison, TARGETS.same_ratio)
    return means.claims(comparison, (-TARGETS.same_points, TARGETS.same_points))


def promises(plan: Plan) -> list[tuple[Goal, Shape, float]]:
    """The power that a plan promises for its cheapest designs; for today's design if no design suffices."""
    shapes = [(choice.goal, choice.cheapest or plan.now) for choice in plan.choices]
    return [(goal, shape, plan.power(goal, shape).power) for goal, shape in shapes]


def compared(plan: Plan, studies: int, processes: int) -> list[tuple[Goal, Shape, float, float]]:
    """Each promise, with the share of studies from the other generator that show the goal."""
    rows = promises(plan)
    with ProcessPoolExecutor(processes) as pool:
        hits = pool.map(found, *zip(*((goal, shape, range(studies)) for goal, shape, _ in rows), strict=True))
        return [(*row, count / studies) for row, count in zip(rows, hits, strict=True)]


def power_of_runs(ratio: float, runs: int, studies: int) -> float:
    """The power of the test over runs at different settings, without effects of settings or seeds."""
    world = World(Effect(0, 0), Effect(0, 0), DEFAULT.noise, 0.8, 14)
    random, hits = np.random.default_rng(0), 0
    for _ in range(studies):
        study = draw(world, runs, 1, (0.0, 0.0), random)
        test = std_test(ratio * study.ours, study.theirs, study.setting, study.seed, Scope.THESE, drawn=999)
        hits += test.p <= LEVEL
    return hits / studies


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--planned", type=int, default=STUDIES, help="studies of each design of the plan's grid")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    start = time.perf_counter()
    plan = planned(given.planned, given.processes)
    print(f"plan: {time.perf_counter() - start:.0f} s", flush=True)
    rows = []
    for goal, shape, promise, share in compared(plan, given.studies, given.processes):
        error = math.sqrt(max(share * (1 - share), 0.01) / given.studies)
        name = f"{'same ' if goal.same else ''}{goal.quantity}, {goal.scope}"
        close = abs(promise - share) <= CLOSE + 2 * error
        rows.append(
            [name, "{}×{}".format(*shape), f"{promise:.2f}", f"{share:.2f} ± {error:.2f}", "" if close else "!"]
        )
    print(tabulate(rows, ["claim", "design", "promise", "share in other studies ± s.e.", ""], disable_numparse=True))
    rows = [
        [ratio, runs, f"{power_of_runs(ratio, runs, 2 * given.studies):.2f}", other]
        for (ratio, runs), other in INDEPENDENT.items()
    ]
    print(tabulate(rows, ["ratio", "runs", "power", "independent simulation"]))
    print(f"({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
