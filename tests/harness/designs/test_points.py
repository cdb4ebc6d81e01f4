"""Designs against what they promise."""

import itertools
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from harness import designs, ranges
from harness.ranges import Interval
from harness.setting import Setting
from tests.helpers.designs import CENTRE
from tests.helpers.examples import examples

RANDOM, HYPERCUBE, SOBOL = (sys.modules[f"harness.designs.{name}"] for name in ("random", "latin_hypercube", "sobol"))


RANGES = {
    "learning_rate": ranges.loguniform(1e-5, 1e-3),
    "weight_decay": ranges.uniform(0, 1),
    "max_grad_norm": ranges.uniform(0.5, 2),
    "epochs": ranges.uniform(1, 5),
}
dimensions = st.integers(1, len(RANGES)).map(lambda count: dict(itertools.islice(RANGES.items(), count)))


def some(given: dict[str, Interval]) -> dict[str, Any]:
    """Ranges made a setting's."""
    return {**given, **({} if "epochs" in given else {"max_steps": 60})}


@pytest.mark.parametrize("design", [designs.random, designs.sobol], ids=["random", "sobol"])
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), dimensions)
@settings(max_examples=examples(30), deadline=None)
def test_a_longer_design_begins_with_the_shorter(
    design: Callable[..., tuple[Setting, ...]], few: int, more: int, seed: int, varied: dict[str, Interval]
) -> None:
    short, long = (design(points=points, seed=seed, **some(varied)) for points in (few, few + more))
    assert long[:few] == short
    assert len(long) == few + more
    assert design(points=few, seed=seed + 1, **some(varied)) != short


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32))
@settings(max_examples=examples(50), deadline=None)
def test_a_latin_hypercube_has_one_point_in_every_stratum(points: int, dimensions: int, seed: int) -> None:
    found = np.array(HYPERCUBE.coordinates(points, dimensions, seed))
    assert found.shape == (points, dimensions)
    assert (np.sort(np.floor(found * points), axis=0) == np.arange(points)[:, None]).all()


def test_a_latin_hypercube_pairs_its_strata_by_chance() -> None:
    found = [np.array(HYPERCUBE.coordinates(20, 2, seed)) for seed in range(200)]
    correlations = [stats.spearmanr(*points.T).statistic for points in found]
    assert np.mean(correlations) == pytest.approx(0, abs=4 / math.sqrt(200 * 19))
    assert np.var(correlations, ddof=1) == pytest.approx(1 / 19, rel=0.4)
    within = np.concatenate([points * 20 % 1 for points in found]).ravel()
    assert stats.kstest(within, "uniform").pvalue > 0.01


def test_sobols_sequence_is_scipys_before_it_is_scrambled() -> None:
    dimensions = len(SOBOL.DIRECTIONS)
    ours = list(SOBOL._sequence([SOBOL._directions(d) for d in range(dimensions)], [0] * dimensions, 1024))
    assert (np.array(ours) == qmc.Sobol(dimensions, scramble=False).random_base2(10)).all()
    assert dimensions >= len(Setting.__dataclass_fields__)


@given(st.integers(0, 2**64), st.integers(0, 6))
@settings(max_examples=examples(40), deadline=None)
def test_scrambled_sobol_points_keep_the_balance(seed: int, power: int) -> None:
    """2^m points: each dimension has one in every 2^-m, and of the first two every elementary box one (they are a (0,
    m, 2)-net)."""
    points = 2**power
    found = np.array(list(SOBOL.coordinates(points, 12, seed)))
    assert (found >= 0).all()
    assert (found < 1).all()
    assert (np.sort(np.floor(found * points), axis=0) == np.arange(points)[:, None]).all()
    for across in range(power + 1):
        boxes = {(int(x * 2**across), int(y * 2 ** (power - across))) for x, y in found[:, :2]}
        assert len(boxes) == points


def test_scrambled_sobol_points_are_uniform_and_as_even_as_scipys() -> None:
    first = np.array([next(iter(SOBOL.coordinates(1, 3, seed))) for seed in range(1000)])
    fifth = np.array([list(SOBOL.coordinates(5, 3, seed))[4] for seed in range(1000)])
    for values in (*first.T, *fifth.T):
        assert stats.kstest(values, "uniform").pvalue > 0.01
    within = np.array([list(SOBOL.coordinates(4, 1, seed)) for seed in range(300)])[:, :, 0] * 4 % 1
    assert abs(np.corrcoef(within[:, 0], within[:, 1])[0, 1]) < 0.2  # a digital shift alone would make them equal
    ours = np.mean([qmc.discrepancy(np.array(list(SOBOL.coordinates(32, 4, seed)))) for seed in range(40)])
    theirs = np.mean([qmc.discrepancy(qmc.Sobol(4, rng=seed).random_base2(5)) for seed in range(40)])
    chance = np.mean([qmc.discrepancy(np.array(list(RANDOM.coordinates(32, 4, seed)))) for seed in range(40)])
    assert ours == pytest.approx(theirs, rel=0.15)
    assert ours < chance / 3


lists = st.lists(st.integers(1, 50), min_size=1, max_size=4, unique=True)


@given(lists, lists, lists)
@settings(max_examples=examples(30), deadline=None)
def test_a_grid_is_the_product(warmups: list[int], batches: list[int], steps: list[int]) -> None:
    found = designs.grid(
        warmup_steps=warmups, learning_rate=1e-3, batch_size={"choice": batches}, max_steps=ranges.grid_search(steps)
    )  # fmt: skip
    assert found == tuple(
        Setting(warmup_steps=w, batch_size=b, max_steps=s, learning_rate=1e-3)
        for w, b, s in itertools.product(warmups, batches, steps)
    )
    longer = designs.grid(warmup_steps=[*warmups, 99], learning_rate=1e-3, batch_size=batches, max_steps=steps)
    assert longer[: len(found)] == found


def test_one_at_a_time_changes_one() -> None:
    found = designs.one_at_a_time(
        CENTRE, learning_rate=[3e-4, 1e-3, 6e-3], schedule=ranges.choice(["linear", "cosine"]), epochs=2
    )
    assert found == (
        CENTRE,
        replace(CENTRE, learning_rate=3e-4),
        replace(CENTRE, learning_rate=6e-3),
        replace(CENTRE, schedule="cosine"),
        replace(CENTRE, max_steps=None, epochs=2),
    )
    assert designs.one_at_a_time(CENTRE) == (CENTRE,)


def test_equal_settings_are_kept_once_and_not_replaced() -> None:
    found = designs.sobol(points=32, seed=0, learning_rate=1e-3, warmup_steps=ranges.randint(0, 3), max_steps=60)
    assert sorted(setting.warmup_steps for setting in found) == [0, 1, 2]
    assert (
        designs.sobol(points=64, seed=0, learning_rate=1e-3, warmup_steps=ranges.randint(0, 3), max_steps=60) == found
    )


@pytest.mark.parametrize(
    "design", [designs.random, designs.sobol, designs.latin_hypercube], ids=["random", "sobol", "latin_hypercube"]
)
def test_neither_order_nor_constants_move_a_point(design: Callable[..., tuple[Setting, ...]]) -> None:
    varied = {"learning_rate": ranges.loguniform(1e-5, 1e-3), "warmup_steps": ranges.randint(0, 100)}
    found = design(points=8, seed=3, **varied, max_steps=60)
    assert design(points=8, seed=3, max_steps=60, **dict(reversed(varied.items()))) == found
    assert design(points=8, seed=3, **varied, max_steps=70) == tuple(
        replace(setting, max_steps=70) for setting in found
    )


def test_draws_are_the_same_everywhere() -> None:
    """A change here makes every drawn study run again."""
    varied = {
        "learning_rate": ranges.loguniform(1e-5, 1e-3),
        "warmup_steps": ranges.lograndint(1, 100),
        "max_steps": 60,
    }
    pairs = {
        design.__name__: [(s.learning_rate, s.warmup_steps) for s in design(points=3, seed=7, **varied)]
        for design in (designs.random, designs.latin_hypercube, designs.sobol)
    }
    assert pairs == {
        "random": [(4.44289e-05, 2), (0.000200387, 1), (0.000117968, 5)],
        "latin_hypercube": [(5.18749e-05, 41), (2.27643e-05, 1), (0.000377682, 5)],
        "sobol": [(0.00056358, 4), (3.72528e-05, 77), (1.27129e-05, 1)],
    }
