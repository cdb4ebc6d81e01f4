"""Crossings of 0 against scipy and by hand."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import brentq

from analysis.statistics.spread.crossing import NEAREST, crossings

Floats = NDArray[np.float64]
PART = 0.005


def test_functions_that_grow_cross_where_scipy_finds_it() -> None:
    functions = [
        lambda x: 3 * x - 1,
        lambda x: math.tanh(x) - 0.9,
        lambda x: x**3 - 0.01,
        lambda x: math.sqrt(x) - 3,
        lambda x: math.floor(7 * x) - 2.5,
    ]
    calls = []

    def excess(at: Floats) -> Floats:
        calls.append(at)
        return np.array([f(x) for f, x in zip(functions, at, strict=True)])

    near, far = crossings(excess, -1.0, (np.full(5, 0.3),), limit=20, part=PART)
    for f, low, high in zip(functions, near, far, strict=True):
        assert f(low) < 0 <= f(high)
        assert high - low <= PART * high
        assert low <= brentq(f, 1e-9, 20) <= high
    assert len(calls) < 30


def test_a_line_takes_few_steps() -> None:
    for root in (0.01, 0.3, 2.0, 9.0):
        calls = []

        def excess(at: Floats, root: float = root, calls: list[float] = calls) -> Floats:
            calls.append(at[0])
            return at / root - 1

        near, far = crossings(excess, -1.0, (np.array([0.2]),), limit=20, part=PART)
        assert near[0] < root <= far[0]
        assert len(calls) <= 8


def test_where_nothing_is_below_the_limit_the_farther_one_is_infinite() -> None:
    near, far = crossings(lambda at: np.where(at > 100, 1.0, -0.5), -1.0, (np.array([0.1]),), limit=20, part=PART)
    assert near[0] >= 20
    assert math.isinf(far[0])


def test_of_a_jump_at_0_the_distance_is_as_good_as_none() -> None:
    near, far = crossings(lambda at: np.ones_like(at), -1.0, (np.array([5.0]),), limit=20, part=PART)
    assert (near[0], far[0] <= NEAREST) == (0, True)


@pytest.mark.parametrize(("tried", "first"), [(0.2, True), (0.4, False)])
def test_what_is_tried_first_is_on_its_right_side_though_the_function_falls_later(tried: float, first: bool) -> None:
    """The function is at least 0 from 0.1 to 0.3, and from 0.5 on."""

    def excess(at: Floats) -> Floats:
        return np.where((at >= 0.1) & (at <= 0.3) | (at >= 0.5), 1.0, -1.0)

    near, far = crossings(excess, -1.0, (np.array([tried]),), limit=20, part=PART)
    assert far[0] == pytest.approx(0.1 if first else 0.5, rel=0.01)
    assert (near[0] < tried) == first
