"""Plans: their population, their tests, and their promise in studies drawn by another program."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.claims.answer import answer
from analysis.claims.claim import Quantity, Scope, Verdict
from analysis.planning.costs import ArmCost, Costs, Rates
from analysis.planning.goals import GOALS, Goal, Targets
from analysis.planning.judging import DRAWN, Judge
from analysis.planning.limits import limit
from analysis.planning.pilot import DEFAULT, Pilot, Squares
from analysis.planning.plan import grid, make
from analysis.planning.simulation import Tallies, simulate
from analysis.planning.surface import Surface
from analysis.planning.world import Drawn, Effect, World, draw
from harness.common.errors import UserError
from tests.benchmarks.claims import studies, worlds
from tests.benchmarks.planner import INDEPENDENT, TARGETS, found, planned, population, power_of_runs, promises

NONE = (0.0, 0.0)


def test_the_judge_agrees_with_the_answer() -> None:
    """Every simulated study gets the same verdicts by the planner and by the report."""
    world = worlds.World(ratio=0.5, difference=2.0, collapse=(0.0, 0.1))
    for number in range(3):
        study = studies.simulate(world, studies.Design(7, 3), np.random.default_rng(number))
        view = study.view
        both = view.comparisons["l2"]
        setting, seed = np.divmod(np.arange(21), 3)
        flags = both.collapsed.to_numpy(bool).T
        ours, theirs = (frame.drop(columns="en").to_numpy() for frame in (both.ours, both.theirs))
        drawn = Drawn(setting, seed, ours, theirs, flags, flags)
        # The data have their own effects, so the judge adds none.
        targets = Targets(ratio=1 - 1e-12, collapse=(0.2, 0.0), difference=1e-12)
        got = dict(zip(GOALS, Judge(targets, drawn=9_999).found(drawn), strict=True))
        told = answer(view)
        for goal in GOALS:
            claim = told.claim(goal.quantity, "l2", goal.scope)
            right = Verdict.HIGHER if goal.quantity is Quantity.MEAN else Verdict.LOWER
            assert claim is not None
            assert got[goal] == (claim.verdict is (Verdict.EQUIVALENT if goal.same else right)), goal


def test_draws_have_the_stated_covariances() -> None:
    world = World(Effect(3, 0.8), Effect(1, 0.2), Effect(2, 0.4), 0.7, 5)
    drawn = [draw(world, 2, 2, NONE, random) for random in map(np.random.default_rng, range(3000))]
    ours, theirs = (np.array([getattr(one, side) for one in drawn]) for side in ("ours", "theirs"))

    def covariance(one: np.ndarray, other: np.ndarray) -> float:
        return float((one * other).mean())

    assert covariance(ours[:, 0, 0], ours[:, 0, 0]) == pytest.approx(9 + 1 + 4, rel=0.08)
    assert covariance(ours[:, 0, 0], ours[:, 0, 1]) == pytest.approx(0.7 * 14, rel=0.09)
    assert covariance(ours[:, 0, 0], ours[:, 1, 0]) == pytest.approx(9, rel=0.08)  # same setting
    assert covariance(ours[:, 0, 0], theirs[:, 0, 0]) == pytest.approx(9 * 0.8 + 0.2 + 4 * 0.4, rel=0.08)
    assert covariance(ours[:, 0, 0], theirs[:, 2, 0]) == pytest.approx(0.2, abs=0.5)  # same seed


def test_collapses_have_the_stated_rates_and_clustering() -> None:
    world = replace(DEFAULT, clustering=0.5)
    flags = np.array([draw(world, 30, 2, (0.1, 0.4), np.random.default_rng(i)).other_collapsed for i in range(150)])
    assert flags.mean(axis=(0, 2)) == pytest.approx([0.1, 0.4], abs=0.02)
    base = flags[:, 1].reshape(-1, 2)
    assert np.corrcoef(base.T)[0, 1] == pytest.approx(0.5, abs=0.06)


def test_a_large_pilot_is_recovered() -> None:
    world = World(Effect(3, 0.8), Effect(1, 0.2), Effect(2, 0.4), 0.7, 8)
    drawn = draw(world, 60, 40, NONE, np.random.default_rng(0))
    squares = Squares.of(np.stack([side.reshape(60, 40, 8) for side in (drawn.ours, drawn.theirs)]))
    pilot = Pilot("l2", "vanilla", 8, squares, np.zeros((2, 60)), np.full(60, 40.0))
    for found_world in (pilot.likely, pilot.drawn(np.random.default_rng(1))):
        assert found_world.setting.std == pytest.approx(3, rel=0.35)
        assert found_world.setting.pairing == pytest.approx(0.8, abs=0.2)
        assert found_world.noise.std == pytest.approx(2, rel=0.1)
        assert found_world.noise.pairing == pytest.approx(0.4, abs=0.1)
        assert found_world.alike == pytest.approx(0.7, abs=0.15)
        assert found_world.rates == NONE


def test_a_pilot_of_some_languages_gives_the_same_correlation() -> None:
    """A study of 14 languages of which the pilot scored 8."""
    drawn = draw(World(Effect(3, 0.8), Effect(1, 0.2), Effect(2, 0.4), 0.7, 8), 60, 40, NONE, np.random.default_rng(0))
    squares = Squares.of(np.stack([side.reshape(60, 40, 8) for side in (drawn.ours, drawn.theirs)]))
    some, all_scored = (
        Pilot("l2", "vanilla", count, squares, np.zeros((2, 60)), np.full(60, 40.0)).likely for count in (14, 8)
    )
    assert (some.languages, all_scored.languages) == (14, 8)
    assert some.alike == all_scored.alike == pytest.approx(0.7, abs=0.15)


def test_a_small_pilot_is_uncertain() -> None:
    drawn = draw(DEFAULT, 3, 2, NONE, np.random.default_rng(0))
    squares = Squares.of(np.stack([side.reshape(3, 2, 14) for side in (drawn.ours, drawn.theirs)]))
    pilot = Pilot("l2", "vanilla", 14, squares, np.array([[0, 0, 0], [2, 0, 0]]), np.full(3, 2.0))
    worlds_drawn = [pilot.drawn(np.random.default_rng(i)) for i in range(60)]
    assert np.std([one.noise.std for one in worlds_drawn]) > 0.2
    assert np.std([one.rates[1] for one in worlds_drawn]) > 0.1
    assert pilot.likely.clustering > 0.5  # both collapses are at one setting


@pytest.mark.parametrize(
    ("goal", "shape", "part"),
    [
        (Goal(Quantity.COLLAPSE, Scope.SETTINGS), (5, 20), "smallest p"),
        (Goal(Quantity.SPREAD, Scope.THESE), (5, 1), "smallest p"),
        (Goal(Quantity.SPREAD, Scope.SEEDS), (8, 2), "there are 2 seeds"),
        (Goal(Quantity.SPREAD, Scope.SETTINGS), (2, 8), "there are 2 settings"),
        (Goal(Quantity.MEAN, Scope.SETTINGS), (1, 8), "there is one setting"),
        (Goal(Quantity.COLLAPSE, Scope.THESE), (6, 1), ""),
        (Goal(Quantity.SPREAD, Scope.SETTINGS, True), (6, 3), ""),
    ],
)
def test_limits_give_the_reason(goal: Goal, shape: tuple[int, int], part: str) -> None:
    reason = limit(goal, shape, 1)
    assert part in reason
    assert bool(reason) == bool(part)


def test_a_surface_follows_a_known_power() -> None:
    from scipy.stats import norm

    shapes = grid((1, 1))
    truth = norm.cdf(np.array([0.25 * math.sqrt(s * k) - 1.2 for s, k in shapes]))
    shown = np.random.default_rng(0).binomial(400, truth).astype(float)
    power, error = Surface.of([*shapes], shown, np.full(len(shapes), 400.0)).power(shapes)
    assert np.abs(power - truth).max() < 0.06
    assert error.max() < 0.05


def test_counts_do_not_depend_on_when_studies_are_added() -> None:
    judge, wanted = Judge(TARGETS), {(6, 3): [GOALS[2], GOALS[5]]}
    once, twice = Tallies(), Tallies()
    simulate(once, population(), judge, wanted, 6)
    for _ in range(2):
        simulate(twice, population(), judge, wanted, 3)
    assert once == twice


def test_costs_count_what_is_left_to_run() -> None:
    arms = [ArmCost(4, 1, 60.0, 8, 40.0, 90.0), ArmCost(2, 2, 30.0, 0, 20.0, 60.0)]
    costs = Costs(4, arms, Rates(2, 1.0, 5.0))
    expense = costs.of((6, 3))
    assert (expense.trials, expense.to_run) == (6 * 3 + 4 * 3 * 2, 10 + 24)
    assert expense.gpu_hours == pytest.approx((10 * 60 + 24 * 30) / 3600)
    assert expense.hours == pytest.approx(expense.gpu_hours / 2)
    assert expense.money == pytest.approx(5 * expense.hours)
    hours = (10 * 40 + 24 * 20) / 7200, (10 * 90 + 24 * 60) / 7200
    assert expense.span(expense.hours) == pytest.approx(hours)
    assert expense.span(expense.money) == pytest.approx((5 * hours[0], 5 * hours[1]))
    assert Costs(4, [ArmCost(4, 1, 60.0, 8)], Rates(1, 0.0, None)).of((4, 2)).span(0.0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"ratio": 1.0}, "--ratio"), ({"power": 1.2}, "--power"), ({"collapse": (0.2, 0.2)}, "--collapse")],
)
def test_impossible_targets_are_refused(values: dict[str, float], field: str) -> None:
    with pytest.raises(UserError, match=field):
        Targets(**values)  # type: ignore[arg-type]


def test_more_seeds_than_today_s_are_no_smallest_number() -> None:
    costs = Costs(6, [ArmCost(6, 1, 60.0, 0)] * 2, Rates(1, 0.0, None))
    with pytest.raises(UserError, match="least_seeds: 2 is not allowed; give at most today's number of seeds, 1"):
        make("x", TARGETS, DEFAULT, costs, (10, 1), least_seeds=2)


def test_power_is_that_of_an_independent_simulation() -> None:
    assert DRAWN == 999
    assert power_of_runs(0.5, 15, 120) == pytest.approx(INDEPENDENT[0.5, 15], abs=0.08)


def test_a_plan_keeps_its_promise() -> None:
    """The short version of ``python -m tests.benchmarks.planner``."""
    plan = planned(studies=2, shapes=((6, 3), (6, 5), (9, 3), (9, 5)))
    written = json.loads(json.dumps(plan.to_json(), allow_nan=False))
    assert [cell["settings"] for cell in written["grid"]] == [6, 6, 9, 9]
    assert [goal for goal, _, _ in promises(plan)] == [*GOALS]
    goal, shape = Goal(Quantity.COLLAPSE, Scope.THESE), (7, 6)
    tallies = Tallies()
    simulate(tallies, population(), Judge(TARGETS), {shape: [goal]}, 150)
    share = found(goal, shape, range(40)) / 40
    assert tallies.shown[goal, shape] / 150 == pytest.approx(share, abs=0.15)
