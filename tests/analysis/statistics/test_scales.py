"""Points and logits near a ceiling, and far from one."""

import numpy as np
import pytest
from scipy.special import expit, logit

from analysis.statistics.scales import scales_disagree


def test_ratios_are_those_of_the_stds() -> None:
    ours, theirs = np.random.default_rng(0).uniform(20, 90, (2, 8, 3))
    found = scales_disagree(ours, theirs)
    assert found.points == pytest.approx(np.exp(np.log(ours.std(0) / theirs.std(0)).mean()))
    assert found.logits == pytest.approx(np.exp(np.log(logit(ours / 100).std(0) / logit(theirs / 100).std(0)).mean()))


def test_the_caution_is_due_at_the_ceiling_and_not_far_from_it() -> None:
    random, runs = np.random.default_rng(0), (200, 10)
    high, low = (100 * expit(logit(at) + 0.3 * random.normal(size=runs)) for at in (0.95, 0.85))
    steadier = high.std(axis=1) < 0.6 * low.std(axis=1)
    assert steadier.mean() > 0.8  # it would be read as "steadier"
    assert np.mean([scales_disagree(*both).disagree for both in zip(high, low, strict=True)]) > 0.98
    far, from_it = (at + 2 * random.normal(size=runs) for at in (62, 60))
    assert not any(scales_disagree(*both).disagree for both in zip(far, from_it, strict=True))


def test_opposite_directions_need_a_smaller_gap() -> None:
    ours, theirs = np.array([79.0, 81, 83]), np.array([70.0, 72.2, 74.4])
    found = scales_disagree(ours, theirs)
    assert found.points < 1 < found.logits
    assert found.opposite
    assert found.disagree
    assert found.logits / found.points < 1.5
    same = scales_disagree(ours, ours[::-1])
    assert (same.points, same.logits, same.disagree) == (1, 1, False)


def test_where_there_are_no_ratios() -> None:
    assert "fewer than 2" in scales_disagree([50.0], [60.0]).reason
    assert "the same score" in scales_disagree([50.0, 50.0], [60.0, 61.0]).reason
    assert "the same score" in scales_disagree([99.999, 100.0], [60.0, 61.0]).reason  # within half an example
    with pytest.raises(ValueError, match="languages"):
        scales_disagree([50.0], [60.0, 61.0])
    with pytest.raises(ValueError, match="languages"):
        scales_disagree(np.full((5, 0), 50.0), np.full((5, 0), 60.0))
    with pytest.raises(ValueError, match="0 to 100"):
        scales_disagree([50.0, 120.0], [60.0, 61.0])
