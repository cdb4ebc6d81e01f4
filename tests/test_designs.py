"""Ranges against Ray Tune's own, designs against what they promise, and what both refuse."""

import itertools
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

import search_spaces
from analysis import stored
from analysis.report import chapters
from analysis.sections import design, spread, variance
from analysis.tidy import tidy
from analysis.view import View
from harness import cli, designs, fields, ranges
from harness.errors import UserError
from harness.hashing import digest
from harness.methods import Vanilla
from harness.plan import plan
from harness.ranges import Choice, Constant, GridSearch, Interval, Range, range_from
from harness.setting import Setting
from harness.study import Arm, Study, TrialConfig
from tests import synthetic

RANDOM, HYPERCUBE, SOBOL = (sys.modules[f"harness.designs.{name}"] for name in ("random", "latin_hypercube", "sobol"))
CENTRE = Setting(learning_rate=1e-3, warmup_steps=6, max_steps=60, batch_size=16)

INTERVALS = [
    ranges.uniform(-1.5, 4),
    ranges.quniform(0, 2, 0.25),
    ranges.quniform(0.3, 0.9, 0.1),
    ranges.loguniform(1e-5, 1e-3),
    ranges.qloguniform(0.5, 8, 0.5),
    ranges.randint(0, 3),
    ranges.randint(-4, 21),
    ranges.qrandint(0, 10, 5),
    ranges.qrandint(3, 14, 4),
    ranges.qrandint(2, 5),
    ranges.lograndint(1, 4),
    ranges.lograndint(8, 100),
    ranges.qlograndint(2, 8, 2),
    ranges.qlograndint(3, 30, 4),
    ranges.qlograndint(2, 9, 1),
]
CHOICES = [ranges.choice([16, 8, 32]), ranges.choice(["linear", "cosine"])]


# Ranges are Ray Tune's


def ray_tunes(ours: Interval | Choice | GridSearch) -> Any:
    """Its own object of a range."""
    from ray import tune

    if not isinstance(ours, Interval):
        return (tune.choice if isinstance(ours, Choice) else tune.grid_search)(list(ours.values))
    return getattr(tune, ours.word)(ours.lower, ours.upper, *([] if ours.q is None else [ours.q]))


class Fed(np.random.Generator):
    """A generator of NumPy's whose every draw is at one given share of the distribution."""

    share: float

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        return np.full(size, low + self.share * (high - low))

    def integers(self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: Any = False) -> Any:
        return np.full(size, low + math.floor(self.share * (high - low)))

    def choice(self, a: Any, size: Any = None, replace: Any = True, p: Any = None, axis: Any = 0, shuffle: Any = True) -> Any:
        return np.full(size, a[int(self.share * len(a))])


@pytest.mark.parametrize("ours", [*INTERVALS, *CHOICES], ids=str)
@given(share=st.floats(0, 0.9999))
@settings(max_examples=40, deadline=None)
def test_a_share_of_the_distribution_is_the_value_that_ray_tune_has_there(ours: Interval | Choice, share: float) -> None:
    generator = Fed(np.random.PCG64(0))
    generator.share = share
    if isinstance(ours, Interval) and ours.word in ("lograndint", "qlograndint"):  # Ray takes floor(exp(log(8))) = 7 for a draw of 8
        first, last = (ours.lower, ours.upper) if ours.q is None else (ours._multiples[0], ours._multiples[1] + 1)
        exact = first * (last / first) ** share
        assume(abs(exact - round(exact)) > 1e-9)
    theirs = ray_tunes(ours).sample(random_state=generator)
    assert type(ours.at(share)) is type(theirs)
    assert ours.at(share) == (pytest.approx(theirs, rel=1e-5, abs=1e-5 * 4) if isinstance(theirs, float) else theirs)


@pytest.mark.parametrize("ours", [r for r in INTERVALS if r.whole or r.q], ids=str)
def test_the_values_are_those_that_ray_tune_draws(ours: Interval) -> None:
    """With its edges: the upper bound is drawn of some words only."""
    drawn = {round(value, 9) for value in ray_tunes(ours).sample(size=3000, random_state=1)}
    ours_at = {round(ours.at(share / 4000), 9) for share in range(4000)}
    assert drawn == ours_at
    assert min(ours_at) >= ours.lower
    multiples = ours.upper // ours.q * ours.q if ours.whole and ours.q else ours.upper
    assert max(ours_at) == pytest.approx(multiples - (ours.whole and ours.q in (None, 1)))


@pytest.mark.parametrize("ours", [*INTERVALS, *CHOICES, ranges.grid_search([1, 2])], ids=str)
def test_ray_tunes_objects_and_yaml_are_read_as_ours(ours: Range) -> None:
    assert not isinstance(ours, Constant)
    assert range_from(ray_tunes(ours)) == ours
    word, given = str(ours).split("(", 1)
    arguments = json.loads(f"[{given[:-1]}]".replace("'", '"'))
    assert range_from({word: arguments[0] if word in ranges.LISTS else arguments}) == ours
    assert range_from(ours) is ours


def test_other_forms_of_ranges() -> None:
    from ray import tune

    assert range_from([1, 2]) == GridSearch((1, 2)) == range_from(tune.grid_search([1, 2]))
    assert range_from("linear") == Constant("linear")
    assert range_from({"loguniform": ["1e-5", "1e-3"]}) == ranges.loguniform(1e-5, 1e-3)  # as YAML reads numbers without a dot
    assert range_from({"qrandint": [0, 4]}) == ranges.qrandint(0, 4, 1) == range_from(tune.qrandint(0, 4))
    for unbounded in (tune.randn(), tune.qrandn(0, 1, 0.1), tune.sample_from(lambda: 1)):
        with pytest.raises(UserError, match=r"warmup_steps: range: .* is not allowed; give one of uniform, quniform"):
            range_from(unbounded, "warmup_steps")


@pytest.mark.parametrize("ours", [r for r in INTERVALS if not (r.log and r.q)] + CHOICES, ids=str)
def test_optuna_knows_the_same_values(ours: Interval | Choice) -> None:
    distribution = ours.to_optuna()
    values = {ours.at(share / 1000) for share in range(1000)}
    assert all(distribution._contains(distribution.to_internal_repr(value)) for value in values)
    if isinstance(ours, Interval) and ours.whole:
        assert {distribution.low, distribution.high} == {min(values), max(values)}
        assert len(values) == (distribution.high - distribution.low) // distribution.step + 1


def test_optuna_has_no_logarithmic_multiples() -> None:
    with pytest.raises(UserError, match=r"range: qlograndint\(2, 8, 2\) is not allowed"):
        ranges.qlograndint(2, 8, 2).to_optuna()


words = st.sampled_from(ranges.INTERVALS)


@st.composite
def intervals(draw: Callable[..., Any]) -> Interval:
    """Of any word and any sensible bounds."""
    word = draw(words)
    if "int" in word:
        lower = draw(st.integers(1 if "log" in word else -1000, 1000))
        upper = lower + draw(st.integers(1, 1000))
        q = draw(st.integers(1, 7)) if word.startswith("q") else None
        assume(q is None or math.ceil(lower / q) <= upper // q - (q == 1))
        return Interval(word, lower, upper, q)
    if word.startswith("q"):
        q = draw(st.sampled_from([0.1, 0.25, 2.0, 1e-4]))
        first = draw(st.integers(1, 50))
        return Interval(word, first * q, (first + draw(st.integers(1, 50))) * q, q)
    lower = draw(st.floats(1e-9, 10) if "log" in word else st.floats(-100, 100))
    upper = lower + draw(st.floats(1e-6, 1000))
    assume(lower < upper)
    return Interval(word, lower, upper)


@given(intervals(), st.lists(st.floats(0, 1, exclude_max=True), min_size=2, max_size=5).map(sorted))
@settings(max_examples=300, deadline=None)
def test_values_are_inside_and_rise_with_the_share(made: Interval, shares: list[float]) -> None:
    values = [made.at(share) for share in shares]
    assert values == sorted(values)
    slack = 0 if made.q is None else 1e-11 * abs(made.upper)
    assert all(made.lower - slack <= value <= made.upper + slack for value in values)
    assert all(type(value) is (int if made.whole else float) for value in values)
    if made.q is not None:
        assert all(math.isclose(value / made.q, round(value / made.q), abs_tol=1e-9) for value in values)


def test_values_are_readable_and_narrow_ranges_keep_their_points() -> None:
    assert ranges.loguniform(1e-5, 1e-3).at(0.123456789) == 1.76569e-05
    narrow = ranges.uniform(1, 1.0001)
    assert len({narrow.at(share / 1000) for share in range(1000)}) == 1000


@pytest.mark.parametrize("word", ["loguniform", "uniform"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_drawn_values_are_distributed_as_the_range_says(word: str, seed: int) -> None:
    made = Interval(word, 1e-5, 1e-3)
    found = np.array([s.learning_rate for s in designs.random(points=2000, seed=seed, learning_rate=made, max_steps=1)])
    transformed = np.log(found) if made.log else found
    low, high = (np.log([1e-5, 1e-3])) if made.log else (1e-5, 1e-3)
    assert stats.kstest(transformed, stats.uniform(low, high - low).cdf).pvalue > 0.01
    assert stats.kstest(found if made.log else np.log(found), stats.uniform(low, high - low).cdf).pvalue < 1e-9


# Designs

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
@settings(max_examples=30, deadline=None)
def test_a_longer_design_begins_with_the_shorter(
    design: Callable[..., tuple[Setting, ...]], few: int, more: int, seed: int, varied: dict[str, Interval]
) -> None:
    short, long = (design(points=points, seed=seed, **some(varied)) for points in (few, few + more))
    assert long[:few] == short
    assert len(long) == few + more
    assert design(points=few, seed=seed + 1, **some(varied)) != short


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
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
@settings(max_examples=40, deadline=None)
def test_scrambled_sobol_points_keep_the_balance(seed: int, power: int) -> None:
    """2^m points: each dimension has one in every 2^-m, and of the first two every elementary box one (they are a (0, m, 2)-net)."""
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
@settings(max_examples=30, deadline=None)
def test_a_grid_is_the_product(warmups: list[int], batches: list[int], steps: list[int]) -> None:
    found = designs.grid(
        warmup_steps=warmups, learning_rate=1e-3, batch_size={"choice": batches}, max_steps=ranges.grid_search(steps)
    )  # fmt: skip
    assert found == tuple(
        Setting(warmup_steps=w, batch_size=b, max_steps=s, learning_rate=1e-3) for w, b, s in itertools.product(warmups, batches, steps)
    )
    longer = designs.grid(warmup_steps=[*warmups, 99], learning_rate=1e-3, batch_size=batches, max_steps=steps)
    assert longer[: len(found)] == found


def test_one_at_a_time_changes_one() -> None:
    found = designs.one_at_a_time(CENTRE, learning_rate=[3e-4, 1e-3, 6e-3], schedule=ranges.choice(["linear", "cosine"]), epochs=2)
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
    assert designs.sobol(points=64, seed=0, learning_rate=1e-3, warmup_steps=ranges.randint(0, 3), max_steps=60) == found


@pytest.mark.parametrize("design", [designs.random, designs.sobol, designs.latin_hypercube], ids=["random", "sobol", "latin_hypercube"])
def test_neither_order_nor_constants_move_a_point(design: Callable[..., tuple[Setting, ...]]) -> None:
    varied = {"learning_rate": ranges.loguniform(1e-5, 1e-3), "warmup_steps": ranges.randint(0, 100)}
    found = design(points=8, seed=3, **varied, max_steps=60)
    assert design(points=8, seed=3, max_steps=60, **dict(reversed(varied.items()))) == found
    assert design(points=8, seed=3, **varied, max_steps=70) == tuple(replace(setting, max_steps=70) for setting in found)


def test_draws_are_the_same_everywhere() -> None:
    """A change here makes every drawn study run again."""
    varied = {"learning_rate": ranges.loguniform(1e-5, 1e-3), "warmup_steps": ranges.lograndint(1, 100), "max_steps": 60}
    pairs = {
        design.__name__: [(s.learning_rate, s.warmup_steps) for s in design(points=3, seed=7, **varied)]
        for design in (designs.random, designs.latin_hypercube, designs.sobol)
    }
    assert pairs == {
        "random": [(4.44289e-05, 2), (0.000200387, 1), (0.000117968, 5)],
        "latin_hypercube": [(5.18749e-05, 41), (2.27643e-05, 1), (0.000377682, 5)],
        "sobol": [(0.00056358, 4), (3.72528e-05, 77), (1.27129e-05, 1)],
    }


# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ranges.uniform(2, 1), "uniform: upper: 1.0 is not allowed; give a number above the lower bound, 2"),
        (lambda: ranges.randint(3, 3), "randint: upper: 3 is not allowed; give a number above the lower bound, 3"),
        (lambda: ranges.loguniform(0, 1), "loguniform: lower: 0.0 is not allowed; give a finite number above 0"),
        (lambda: ranges.lograndint(-1, 1), "lograndint: lower: -1 is not allowed; give a finite number above 0"),
        (lambda: ranges.uniform(0, math.inf), "uniform: upper: inf is not allowed; give a finite number"),
        (lambda: ranges.uniform(math.nan, 1), "uniform: lower: nan is not allowed; give a finite number"),
        (lambda: ranges.uniform("low", 1), "uniform: lower: 'low' is not allowed; give a number"),  # type: ignore[arg-type]
        (lambda: ranges.randint(0, 1.5), "randint: upper: 1.5 is not allowed; give a whole number"),  # type: ignore[arg-type]
        (lambda: ranges.randint(0, 2**60), "is not allowed; give a number between -1e+12 and 1e+12"),
        (lambda: ranges.uniform(-1e308, 1e308), "uniform: lower: -1e+308 is not allowed; give a number between -1e+12 and 1e+12"),
        (lambda: ranges.quniform(0, 1e12, 1e-300), "quniform: q: 1e-300 is not allowed; give a number of at least 0.00011102"),
        (
            lambda: designs.grid(**{n: [*range(8, 408)] for n in ("max_length", "max_steps", "batch_size")}),
            "grid: 64000000 is not allowed; give lists with at most 100000 combinations",
        ),
        (lambda: ranges.quniform(0, 1, 0.3), "quniform: q: 0.3 is not allowed; give a number that both bounds, 0 and 1, are multiples of"),
        (lambda: ranges.quniform(0, 1, 0), "quniform: q: 0.0 is not allowed; give a finite number above 0"),
        (lambda: ranges.qrandint(1, 3, 7), "qrandint: q: 7 is not allowed; give a number with a multiple between 1 and 3"),
        (lambda: ranges.choice([]), "choice: () is not allowed; give a list with at least one entry"),
        (lambda: ranges.grid_search([1, 1]), "grid_search: 1 is not allowed; give each entry once"),
        (lambda: range_from([], "batch_size"), "batch_size: grid_search: () is not allowed"),
        (lambda: range_from({"log_uniform": [1, 2]}, "x"), "x: range: there is no 'log_uniform'. Did you mean 'loguniform'?"),
        (lambda: range_from({"uniform": [1]}, "x"), "x: uniform: [1] is not allowed; give [lower, upper]"),
        (lambda: range_from({"quniform": [1, 2]}, "x"), "x: quniform: [1, 2] is not allowed; give [lower, upper, q]"),
        (lambda: range_from({"uniform": 1}, "x"), "x: uniform: 1 is not allowed; give a list"),
        (lambda: range_from({"uniform": [0, 1], "choice": [1]}, "x"), "is not allowed; give a mapping of one word to its arguments"),
        (lambda: range_from({1: [0, 1]}, "x"), "x: range: there is no 1. Known: "),
        (lambda: Interval("unifrom", 0, 1), "range: there is no 'unifrom'. Did you mean 'uniform'?"),
        (lambda: designs.grid(learnin_rate=[1e-3]), "hyperparameter: there is no 'learnin_rate'. Did you mean 'learning_rate'?"),
        (
            lambda: designs.grid(learning_rate=ranges.loguniform(1e-5, 1e-3), max_steps=1),
            "learning_rate: loguniform(1e-05, 0.001) is not allowed; give a list of values: grid goes through all of them",
        ),
        (lambda: designs.grid(learning_rate=["1e-3", 0.001], max_steps=1), "learning_rate: 0.001 is not allowed; give each entry once"),
        (lambda: designs.one_at_a_time(CENTRE, warmup_steps=[1, "1"]), "warmup_steps: 1 is not allowed; give each entry once"),
        (lambda: designs.random(points=1, seed=0, learning_rate=ranges.choice(["1e-3", 0.001])), "learning_rate: 0.001 is not allowed"),
        (lambda: designs.grid(warmup_steps=[1]), "grid: the field 'learning_rate' is missing"),
        (lambda: designs.grid(learning_rate=[1e-3, "fast"], max_steps=1), "learning_rate: 'fast' is not allowed; give a number"),
        (lambda: designs.grid(learning_rate=[1e-3, -1], max_steps=1), "grid: learning_rate: -1.0 is not allowed"),
        (lambda: designs.grid(learning_rate=[1e-3]), "grid: epochs and max_steps: None and None are not allowed"),
        (
            lambda: designs.random(points=2, seed=0, learning_rate=ranges.grid_search([1e-3]), max_steps=1),
            "learning_rate: grid_search([0.001]) is not allowed; give a range or a choice: random draws values",
        ),
        (lambda: designs.sobol(points=2, seed=0, learning_rate=1e-3, max_steps=1), "sobol: {'learning_rate': 0.001"),
        (lambda: designs.sobol(points=0, seed=0, learning_rate=ranges.uniform(0, 1)), "points: 0 is not allowed"),
        (lambda: designs.sobol(points=10**9, seed=0, learning_rate=ranges.uniform(0, 1)), "points: 1000000000 is not allowed"),
        (lambda: designs.sobol(points=2, seed=-1, learning_rate=ranges.uniform(0, 1)), "seed: -1 is not allowed"),
        (lambda: designs.sobol(points="x", seed=0, learning_rate=ranges.uniform(0, 1)), "points: 'x' is not allowed"),  # type: ignore[arg-type]
        (
            lambda: designs.random(points=2, seed=0, learning_rate=1e-3, max_steps=1, warmup_steps=ranges.uniform(0, 9)),
            "warmup_steps: uniform(0, 9) is not allowed; give a range of whole numbers, such as randint(0, 10)",
        ),
        (lambda: designs.one_at_a_time(CENTRE, learning_rat=[1]), "hyperparameter: there is no 'learning_rat'"),
        (lambda: designs.one_at_a_time({"max_steps": 1}, warmup_steps=[1]), "centre: the field 'learning_rate' is missing"),
        (lambda: designs.one_at_a_time(3), "centre: 3 is not allowed; give a mapping"),  # type: ignore[arg-type]
    ],
)
def test_bad_ranges_and_designs_name_field_value_and_what_is_allowed(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UserError) as error:
        make()
    assert message in str(error.value)


def test_whole_numbers_may_be_written_as_multiples() -> None:
    found = designs.random(points=200, seed=0, learning_rate=1e-3, max_steps=1, warmup_steps=ranges.quniform(0, 20, 5))
    assert {setting.warmup_steps for setting in found} == {0, 5, 10, 15, 20}


# In study files

HEAD = """
task: udpos
methods: [vanilla, {name: l2, strength: 0.05, settings: {design: grid, learning_rate: [1e-3, 2e-3], max_steps: 60}}]
seeds: [0]
targets: [de]
"""


def load(folder: Path, chosen: str) -> Study:
    (folder / "mine.yaml").write_text(f"{HEAD}settings: {chosen}\n", encoding="utf-8")
    return search_spaces.load(str(folder / "mine.yaml"))


@pytest.mark.parametrize(
    ("chosen", "same"),
    [
        (
            "{design: sobol, points: 8, seed: 0, learning_rate: {loguniform: [1e-4, 1e-2]}, warmup_steps: {randint: [0, 20]}, "
            "max_steps: 60, batch_size: 16}",
            designs.sobol(
                points=8,
                seed=0,
                learning_rate=ranges.loguniform(1e-4, 1e-2),
                warmup_steps=ranges.randint(0, 20),
                max_steps=60,
                batch_size=16,
            ),
        ),
        (
            "{design: random, points: 3, seed: 1, learning_rate: {choice: [1e-4, 1e-3]}, weight_decay: {uniform: [0, 1]}, epochs: 1}",
            designs.random(3, 1, learning_rate=ranges.choice([1e-4, 1e-3]), weight_decay=ranges.uniform(0, 1), epochs=1),
        ),
        (
            "{design: latin_hypercube, points: 3, seed: 1, learning_rate: {uniform: [1e-4, 1e-3]}, epochs: 1}",
            designs.latin_hypercube(3, 1, learning_rate=ranges.uniform(1e-4, 1e-3), epochs=1),
        ),
        (
            "{design: grid, learning_rate: {grid_search: [1e-3, 2e-3]}, schedule: [linear, cosine], max_steps: 60}",
            designs.grid(learning_rate=[1e-3, 2e-3], schedule=["linear", "cosine"], max_steps=60),
        ),
        (
            "{design: one_at_a_time, centre: {learning_rate: 1e-3, warmup_steps: 6, max_steps: 60, batch_size: 16}, learning_rate: [2e-3]}",
            (CENTRE, replace(CENTRE, learning_rate=2e-3)),
        ),
    ],
)
def test_a_design_in_yaml_is_that_in_python(tmp_path: Path, chosen: str, same: tuple[Setting, ...]) -> None:
    study = load(tmp_path, chosen)
    assert study.settings == same
    assert isinstance(study.methods[1], Arm)
    assert study.methods[1].settings == designs.grid(learning_rate=[1e-3, 2e-3], max_steps=60)
    assert Study.from_json(json.loads(json.dumps(study.to_json()))) == study


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("{learning_rate: 1e-3, max_steps: 3}", "settings: the field 'design' is missing; give one of grid, one_at_a_time, random"),
        ("{design: sobel, points: 8}", "settings: design: there is no 'sobel'. Did you mean 'sobol'?"),
        ("{design: [sobol]}", "settings: design: there is no ['sobol']"),
        ("{design: sobol, seed: 0, learning_rate: {loguniform: [1e-4, 1e-2]}}", "settings: the field 'points' is missing"),
        ("{design: sobol, point: 8, seed: 0}", "settings: hyperparameter: there is no 'point'. Did you mean 'points'?"),
        ("{design: grid, 1: 8}", "settings: hyperparameter: there is no 1."),
        (
            "{design: sobol, points: 8, seed: 0, learning_rate: {loguniform: [0, 1e-2]}, max_steps: 1}",
            "mine.yaml: settings: learning_rate: loguniform: lower: 0.0 is not allowed; give a finite number above 0",
        ),
        ("{design: grid, learning_rate: [], max_steps: 1}", "settings: learning_rate: grid_search: () is not allowed; give a list"),
        ("3", "settings: 3 is not allowed; give a list"),
    ],
)
def test_bad_designs_in_yaml(tmp_path: Path, chosen: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, chosen)
    assert message in str(error.value)


# Studies

SHIPPED = ["grid", "latin-hypercube", "one-at-a-time", "random", "sobol"]


def test_the_studies_of_designs_are_listed_without_anything_heavy() -> None:
    code = (
        "import sys\nfrom harness import cli\ncli.main(['list'])\n"
        "sys.exit(str({'torch', 'ray', 'pandas', 'scipy', 'optuna'} & sys.modules.keys() or '') or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    for name in SHIPPED:
        assert f"designs/{name} " in ended.stdout
        assert len(list(search_spaces.load(f"designs/{name}").runs())) == 16


def ids(study: Study) -> list[str]:
    return [trial.id for trial in plan(study, gpus=0)]


def test_a_longer_grid_and_a_longer_sobol_design_have_the_trials_of_the_shorter() -> None:
    study = search_spaces.load("designs/sobol")
    ends = {"warmup_steps": ranges.randint(0, 21), "learning_rate": ranges.loguniform(3e-4, 6e-3), "max_steps": 60, "batch_size": 16}
    short, long = (ids(replace(study, settings=designs.sobol(points=points, seed=0, **ends))) for points in (8, 16))
    assert short == ids(study)
    assert long[: len(short)] == short
    assert len(long) == 2 * len(short) == 32
    four, six = (
        ids(replace(study, settings=designs.grid(learning_rate=[3e-4, 1e-3], warmup_steps=warmups, max_steps=60, batch_size=16)))
        for warmups in ([0, 6], [0, 6, 20])
    )
    assert len(set(six) - set(four)) == 4
    assert set(four) < set(six)


def test_ids_of_studies_before_replicates_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were before there were any."""
    monkeypatch.setattr("harness.study.NUMERICS", 2)
    assert ids(search_spaces.load("quickstart"))[::23] == ["11472debb5c2558d", "d0e293f005145b5f"]
    assert ids(search_spaces.load("methods"))[::27] == ["29a17b2236e9053d", "8682179a84b79ed4"]


# Reruns


def test_replicates_are_trials_of_their_own() -> None:
    once = replace(search_spaces.load("designs/grid"), settings=(CENTRE,), seeds=(0, 1))
    thrice = replace(once, replicates=3)
    trials = plan(thrice, gpus=0)
    assert [trial.id for trial in trials[:4]] == ids(once)
    assert len({trial.id for trial in trials}) == 12
    assert [trial.replicate for trial in trials] == [0] * 4 + [1] * 4 + [2] * 4
    same = {digest(fields.chosen(replace(t, replicate=0).setting)) + t.method.label + str(t.seed) for t in trials}
    assert len(same) == 4
    assert replace(trials[-1], replicate=0).id == trials[3].id
    assert TrialConfig.from_json(json.loads(json.dumps(trials[-1].to_json()))) == trials[-1]
    assert Study.from_json(json.loads(json.dumps(thrice.to_json()))) == thrice
    old = {name: value for name, value in trials[0].to_json().items() if name != "replicate"}
    assert TrialConfig.from_json(old) == trials[0]
    with pytest.raises(UserError, match="replicates: 0 is not allowed; give a finite number of at least 1"):
        replace(once, replicates=0)


def test_replicates_reach_the_tidy_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = replace(synthetic.study(rates=2, seeds=2, languages=3), replicates=2)
    results = stored.load(synthetic.store(tmp_path / "store", made, histories=False), made.name)
    frame = tidy(results)
    assert set(frame["replicate"]) == {0, 1}
    assert len(results.runs) == 2 * len(list(replace(made, replicates=1).runs()))
    assert results.most_replicates == 2
    assert cli.main(["show", "designs/grid", "--store", str(tmp_path / "none")]) == 0
    assert "replicate=" not in capsys.readouterr().out
    (tmp_path / "mine.yaml").write_text(f"{HEAD}settings: [{{learning_rate: 1e-3, max_steps: 2}}]\nreplicates: 2\n", encoding="utf-8")
    assert cli.main(["show", str(tmp_path / "mine.yaml"), "--store", str(tmp_path / "none")]) == 0
    shown = capsys.readouterr().out
    assert shown.count("seed=0 replicate=1\n") == 3
    assert shown.count("seed=0\n") == 3


def test_reruns_are_no_further_runs_to_the_comparisons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But noise where the variance is taken apart: counted as runs, copies would make every interval narrow."""
    monkeypatch.setattr("analysis.report.FINDINGS", (spread.section, variance.section))
    monkeypatch.setattr("analysis.report.FACTS", (design.section,))
    once = synthetic.study(rates=4, seeds=2, languages=3, methods=synthetic.METHODS[:2])
    twice = replace(once, replicates=2)
    one, two = (
        View(stored.load(synthetic.store(tmp_path / str(made.replicates), made, histories=False), made.name)) for made in (once, twice)
    )
    assert two.without_reruns().results.runs.equals(one.results.runs)
    assert one.without_reruns() is one
    told, retold = spread.section(one), {chapter.section.name: chapter.section for chapter in chapters(two)}
    assert told is not None
    assert [table.rows for table in retold["spread"].tables] == [table.rows for table in told.tables]
    assert "noise" in next(iter(retold["variance"].tables)).header
    assert any("Up to 2 runs have the same setting and seed" in str(part) for part in retold["design"].parts)


def test_a_methods_own_settings_may_be_drawn() -> None:
    own = designs.random(points=2, seed=0, learning_rate=ranges.loguniform(1e-4, 1e-2), max_steps=60)
    study = replace(search_spaces.load("designs/grid"), methods=(Arm(method=Vanilla(), settings=own),))
    assert study.arms[0].settings == own
