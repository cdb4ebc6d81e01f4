"""Holm's correction compared with statsmodels'."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from analysis.statistics.holm import holm


@pytest.mark.parametrize("tests", [1, 2, 5, 40])
def test_it_is_that_of_statsmodels(tests: int) -> None:
    ps = np.random.default_rng(tests).beta(0.3, 3, tests)
    ps[: tests // 2] = ps[0]  # ties
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


def test_of_no_test_there_is_none() -> None:
    assert holm([]).shape == (0,)
