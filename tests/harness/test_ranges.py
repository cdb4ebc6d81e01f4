"""Ranges against Ray Tune's own and Optuna's."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from harness import designs, ranges
from harness.common.errors import UserError
from harness.ranges import Choice, Constant, GridSearch, Interval, Range, range_from
from tests.helpers.examples import examples

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

    def integers(
        self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: Any = False
    ) -> Any:
        return np.full(size, low + math.floor(self.share * (high - low)))

    def choice(
        self, a: Any, size: Any = None, replace: Any = True, p: Any = None, axis: Any = 0, shuffle: Any = True
    ) -> Any:
        return np.full(size, a[int(self.share * len(a))])


@pytest.mark.parametrize("ours", [*INTERVALS, *CHOICES], ids=str)
@given(share=st.floats(0, 0.9999))
@settings(max_examples=examples(40), deadline=None)
def test_a_share_of_the_distribution_is_the_value_that_ray_tune_has_there(
    ours: Interval | Choice, share: float
) -> None:
    generator = Fed(np.random.PCG64(0))
    generator.share = share
    # Ray takes floor(exp(log(8))) = 7 for a draw of 8
    if isinstance(ours, Interval) and ours.word in ("lograndint", "qlograndint"):
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
    # as YAML reads numbers without a dot
    assert range_from({"loguniform": ["1e-5", "1e-3"]}) == ranges.loguniform(1e-5, 1e-3)
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
@settings(max_examples=examples(300), deadline=None)
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


def test_whole_numbers_may_be_written_as_multiples() -> None:
    found = designs.random(points=200, seed=0, learning_rate=1e-3, max_steps=1, warmup_steps=ranges.quniform(0, 20, 5))
    assert {setting.warmup_steps for setting in found} == {0, 5, 10, 15, 20}
