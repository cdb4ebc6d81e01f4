"""Swapped scores against swaps written as a loop."""

import numpy as np
import pytest

from analysis.statistics.spread import swaps as module
from analysis.statistics.spread.swaps import (
    DRAWN,
    EXACT,
    least_p,
    log_ratios,
    mean_log_ratios,
    paired,
    run_swaps,
    swaps,
)
from tests.helpers.paired_scores import study


@pytest.mark.parametrize("block", [1, 7, 1 << 14])
def test_log_ratios_are_those_of_scores_that_were_swapped(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    studies = [paired(*study(6, 3, seed=seed, ratio=0.5)) for seed in range(2)]
    signs = run_swaps(6, None)
    expected = np.array(
        [
            [
                np.log(
                    np.std(np.where(row[:, None] > 0, a, b), axis=0) / np.std(np.where(row[:, None] > 0, b, a), axis=0)
                )
                for row in signs
            ]
            for a, b in studies
        ]
    )
    together = [np.array([pair[side] for pair in studies]) for side in (0, 1)]
    np.testing.assert_allclose(log_ratios(*together, signs), expected)
    np.testing.assert_allclose(log_ratios(*studies[0], signs), expected[0])
    np.testing.assert_allclose(mean_log_ratios(*together, signs)[..., 0], expected.mean(axis=-1))


def test_all_swaps_of_few_units_and_some_of_more() -> None:
    every = swaps(4, DRAWN)
    assert len(np.unique(np.vstack([every, -every]), axis=0)) == 2**4
    some = swaps(EXACT + 1, 100)
    assert some.shape == (100, EXACT + 1)
    assert set(some.ravel()) == {-1, 1}
    assert (some == swaps(EXACT + 1, 100)).all()
    assert [least_p(units) for units in (3, EXACT, EXACT + 1)] == [2.0**-2, 2.0 ** (1 - EXACT), 1e-4]
