"""The bootstrap over runs: whole resamples, whatever the blocks."""

import math

import numpy as np
import pytest

from analysis.statistics import run_bootstrap
from analysis.statistics.run_bootstrap import PLENTY, RESAMPLES, counts, resamples_of


def test_counts_are_of_whole_resamples_and_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(counts(7, 500)))
    assert whole.shape == (500, 7)
    assert (whole.sum(axis=1) == 7).all()
    drawn = np.random.default_rng(run_bootstrap.SEED).integers(7, size=(500, 7))
    assert (whole == (drawn[:, :, None] == np.arange(7)).sum(axis=1)).all()
    monkeypatch.setattr(run_bootstrap, "BLOCK", 100)
    for width in (1, 3, 1000):
        blocks = list(counts(7, 500, width))
        assert len(blocks) == math.ceil(500 / max(1, 100 // (7 * width)))
        assert (np.concatenate(blocks) == whole).all()


def test_there_are_fewer_resamples_of_many_runs() -> None:
    assert [resamples_of(runs) for runs in (4, PLENTY, 2 * PLENTY, 10**7)] == [
        RESAMPLES,
        RESAMPLES,
        RESAMPLES // 2,
        400,
    ]
