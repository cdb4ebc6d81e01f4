"""Breaking points against their definition, computed seed by seed."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

from analysis.sections import ladder
from analysis.sections.ladder import Ladder
from analysis.statistics.breaking_point import breaking_point
from tests.helpers.ladder import RATES, seen


def naive(scores: NDArray[np.float64], rates: list[float]) -> list[float | None]:
    """Each seed's breaking point, rung by rung.

    It is 0 if the seed breaks at the first rung, and ``None`` if it is also below before the best rung.
    """
    means = [sum(column) / len(column) for column in scores.T]
    best = means.index(max(means))
    found: list[float | None] = []
    for row in scores:
        last: float | None = rates[best - 1] if best else 0.0
        if best and row[best] < 0.9 * means[best] and row[best - 1] < 0.9 * means[best]:
            last = None
        for place in range(best, len(rates)):
            if row[place] < 0.9 * means[best]:
                break
            last = rates[place]
        found.append(last)
    return found


@given(arrays(np.float64, (3, 5), elements=st.floats(1, 100)))
def test_breaking_points_are_the_last_rung_that_is_kept(scores: NDArray[np.float64]) -> None:
    point, expected = breaking_point(scores, RATES), naive(scores, RATES)
    best = int(scores.mean(axis=0).argmax())
    still = [
        [all(row[best : place + 1] >= 0.9 * scores[:, best].mean()) for row in scores]
        for place in range(best, len(RATES))
    ]
    assert point.kept == tuple(sum(seeds) / 3 for seeds in still)
    if 0 in expected or None in expected:
        assert math.isnan(point.rate)
        assert point.at_once == (0 in expected)
        assert point.reason.startswith(
            "a seed has broken at the first" if 0 in expected else "a seed has broken both at the method's best"
        )
        return
    rates = np.array(expected, np.float64)
    assert list(point.by_seed) == expected
    assert point.rate == pytest.approx(stats.gmean(rates))
    assert point.unbroken == expected.count(RATES[-1])
    if len(set(expected)) > 1:
        ends = stats.t.interval(0.95, 2, np.log(rates).mean(), stats.sem(np.log(rates)))
        assert (math.log(point.low), math.log(point.high)) == pytest.approx(ends)
    else:
        assert math.isnan(point.low)


def test_a_score_that_comes_back_does_not_count() -> None:
    assert breaking_point([[80.0, 80.0, 10.0, 80.0, 80.0]], RATES).rate == pytest.approx(0.002)


def test_a_seed_that_is_down_at_the_best_rate_and_before_it_has_no_point(tmp_path: Any) -> None:
    low, high = [70.0, 70.0, 70.0, 70.0, 10.0], [80.0, 85.0, 90.0, 10.0, 10.0]
    point = breaking_point([low, high, high], RATES)
    # from the best rung on, which is the third
    assert (math.isnan(point.rate), point.by_seed, point.kept) == (True, (), (2 / 3, 0.0, 0.0))
    assert breaking_point([[70.0, 80.0, 70.0, 70.0, 10.0], high, high], RATES).by_seed == (0.002, 0.004, 0.004)
    view = seen(tmp_path, rates=5, seeds=3)
    made = {"vanilla": Ladder(RATES, np.array([low, high, high]), {})}
    shown = ladder.table(view, made, {"vanilla": point})
    assert [row[4:] for row in shown.rows] == [["–", "–"]]
    assert (
        "No breaking point of vanilla: a seed has broken both at the method's best learning rate and the rate before."
        in shown.notes
    )
    (line,) = ladder.figure(view.results, made, {"vanilla": point}).axes[0].lines
    assert list(line.get_xdata()) == RATES[2:]


def test_nothing_above_0_has_no_breaking_point() -> None:
    assert breaking_point(np.zeros((2, 5)), RATES).reason == "the best mean score is not above 0"


@pytest.mark.parametrize(
    ("scores", "rates"),
    [
        ([1.0, 2.0], [0.1, 0.2]),
        ([[1.0, 2.0]], [0.2, 0.1]),
        ([[1.0, math.nan]], [0.1, 0.2]),
        ([[1.0, 2.0]], [0.0, 0.1]),
        ([[1.0]], [0.1, 0.2]),
        ([[80.0]], [math.nan]),
    ],
)
def test_what_is_no_ladder_is_refused(scores: Any, rates: list[float]) -> None:
    with pytest.raises(ValueError, match="rates"):
        breaking_point(scores, rates)
