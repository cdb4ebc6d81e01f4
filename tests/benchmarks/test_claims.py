"""``tests.benchmarks.claims``: its truths, its views and its counts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.claims.answer import answer, dumped
from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict
from analysis.results.from_csv import read
from analysis.results.view import View
from tests.benchmarks.claims.studies import Design, simulate
from tests.benchmarks.claims.tables import beyond, cautions, equivalences, every, pooled, power
from tests.benchmarks.claims.tallies import Tally, run
from tests.benchmarks.claims.truths import Drawn, truths
from tests.benchmarks.claims.worlds import NOISE, World

DESIGN = Design(3, 4)
SETTING, SEED = np.divmod(np.arange(DESIGN.runs), DESIGN.seeds)
DRAWS = 20_000


@pytest.mark.parametrize(
    "world",
    [World(ratio=0.6, difference=2, own_settings=1, own_seeds=1.5), World(ceiling=True)],
    ids=["effects", "ceiling"],
)
def test_truths_are_means_over_further_noise_and_seeds(world: World) -> None:
    random = np.random.default_rng(0)
    settings, seeds = (
        std * world.drawn(random, (2, count))
        for std, count in ((1 + world.own_settings, DESIGN.settings), (world.own_seeds, DESIGN.seeds))
    )
    surviving = np.arange(DESIGN.runs) != 5
    drawn = Drawn(world, settings[:, SETTING], seeds[:, SEED], SEED, np.zeros((2, DESIGN.runs)))
    found = truths(drawn, surviving)
    noise = random.normal(size=(DRAWS, 2, DESIGN.runs, 1))
    other = world.own_seeds * random.normal(size=(DRAWS, 2, DESIGN.seeds, 1))
    for scope, of_seeds in ((Scope.THESE, seeds[None]), (Scope.SEEDS, other)):
        effects = (settings[:, SETTING] + of_seeds[:, :, SEED] + noise)[:, :, surviving]
        points = np.moveaxis(drawn.points(np.moveaxis(effects, 1, 0)), 0, 1)
        ratio = np.exp(np.log(np.divide(*points.var(axis=2).mean(axis=0))).mean() / 2)
        assert found[Quantity.SPREAD, scope] == pytest.approx(ratio, rel=0.01)
    assert found[Quantity.MEAN, Scope.SEEDS] == pytest.approx(np.subtract(*points.mean(axis=(0, 2, 3))), abs=0.05)


def test_truths_are_those_of_the_population() -> None:
    drawn = Drawn(World(ratio=0.6, difference=2), *np.zeros((2, 2, 4, 14)), np.arange(4), np.zeros((2, 4)))
    found = truths(drawn, np.ones(4, bool))
    assert found[Quantity.SPREAD, Scope.SETTINGS] == pytest.approx(0.6)
    assert found[Quantity.MEAN, Scope.SETTINGS] == pytest.approx(2)


def test_effects_have_the_stated_size() -> None:
    drawn = World(noise="lognormal").drawn(np.random.default_rng(0), (200_000,), "lognormal")
    assert drawn.mean() == pytest.approx(0, abs=0.01)
    assert drawn.std(axis=0) == pytest.approx(np.ones(14), abs=0.05)
    assert Drawn(World(), *np.zeros((2, 2, 1, 1)), np.zeros(1, int), np.zeros((2, 1))).moments(np.zeros((2, 1)))[
        1
    ] == pytest.approx(np.full((2, 1), NOISE**2))


def test_a_view_equals_the_view_of_a_table_of_results(tmp_path: Path) -> None:
    study = simulate(World(collapse=(0.2, 0.2)), DESIGN, np.random.default_rng(1))
    results = study.view.results
    table = results.scores.merge(results.trials[["trial", "collapsed"]], on="trial")
    table = table.merge(results.settings, left_on="setting", right_index=True, sort=False)
    file = tmp_path / "simulated.csv"
    table.drop(columns=["setting", "examples", "unknown"]).to_csv(file, index=False)
    assert json.loads(dumped(answer(View(read(str(file)))), [])) == json.loads(dumped(answer(study.view), []))


@pytest.mark.parametrize(
    ("verdict", "truth", "right", "wrong"),
    [
        (Verdict.LOWER, 0.7, 1, 0),
        (Verdict.LOWER, 1.0, 0, 1),
        (Verdict.LOWER, 1.3, 0, 1),
        (Verdict.HIGHER, 1.3, 1, 0),
        (Verdict.EQUIVALENT, 1.2, 0, 0),
        (Verdict.EQUIVALENT, 1.25, 0, 1),
        (Verdict.OPEN, 0.5, 0, 0),
    ],
)
def test_claims_are_counted_as_right_or_wrong(verdict: Verdict, truth: float, right: int, wrong: int) -> None:
    claim = Claim(
        method="l2",
        baseline="vanilla",
        quantity=Quantity.SPREAD,
        scope=Scope.THESE,
        of="languages",
        runs=Runs.ALL,
        n=9,
        settings=3,
        unit="ratio",
        low=0.6,
        high=1.1,
        bounds=(0.8, 1.25),
        verdict=verdict,
    )
    assert Tally.of(claim, truth) == Tally(1, right, wrong, verdict is Verdict.EQUIVALENT, 1, 0.6 <= truth <= 1.1)
    assert Tally.of(replace(claim, verdict=Verdict.UNTESTED), truth).claims == 0


def test_counts_do_not_depend_on_the_number_of_processes() -> None:
    worlds, designs = ["normal", "0 and 60 % collapse"], [Design(4, 2)]
    one, two = (run(worlds, designs, 3, processes=processes) for processes in (1, 2))
    assert one == two
    assert all(cell.studies == 3 for cell in one.values())
    for table in (every, cautions, pooled, equivalences, power):
        assert "4×2" in table(one, worlds, designs)
    assert "beyond" in beyond(one, worlds, designs)
