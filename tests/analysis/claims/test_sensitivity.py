"""Claims on slopes against statsmodels' least squares."""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests

from analysis.claims.claim import Quantity, Scope, Verdict
from tests.helpers.claim_rows import answered, claimed, grid, normal
from tests.helpers.report_rows import Floats


def sloped(settings: int = 7) -> dict[str, Floats]:
    """Scores of two methods: the first loses 3 points more per doubling than vanilla, the second has vanilla's
    slope."""
    scores = normal(31, settings, 3, vanilla=0.5, a=0.5, b=0.5)
    scores["a"] -= 3 * np.arange(settings)[:, None, None]
    return scores


def test_slopes_equal_statsmodels_least_squares_over_settings() -> None:
    scores = sloped()
    found = answered(grid(scores))
    p = []
    for method in "ab":
        claim = claimed(found, Quantity.SENSITIVITY, method, Scope.SETTINGS)
        means = (scores[method] - scores["vanilla"]).mean(axis=(1, 2))
        fit = sm.OLS(means, sm.add_constant(np.arange(7.0))).fit()
        error = max(fit.bse[1], fit.get_robustcov_results("HC2", use_t=True).bse[1])
        assert claim.estimate == pytest.approx(fit.params[1])
        assert claim.high - claim.estimate == pytest.approx(error * (fit.conf_int()[1][1] - fit.params[1]) / fit.bse[1])
        assert (claim.settings, claim.n, claim.unit) == (7, 21, "points per doubling of learning_rate")
        p.append(claim.p)
    claims = [claimed(found, Quantity.SENSITIVITY, method, Scope.SETTINGS) for method in "ab"]
    assert [claim.corrected for claim in claims] == pytest.approx(multipletests(p, method="holm")[1])
    assert [claim.verdict for claim in claims] == [Verdict.LOWER, Verdict.OPEN]


def test_the_spread_slope_is_the_slope_of_the_log_ratio_over_seeds() -> None:
    scores = sloped()
    found = answered(grid(scores))
    claim = claimed(found, Quantity.SPREAD_SENSITIVITY, "a", Scope.SETTINGS)
    stds = {method: scores[method].std(axis=1) for method in ("a", "vanilla")}
    logs = np.log(stds["a"] / stds["vanilla"]).mean(axis=1)
    assert claim.estimate == pytest.approx(np.polyfit(np.arange(7), logs, 1)[0])
    assert claim.unit == "log ratio per doubling of learning_rate"


@pytest.mark.parametrize("settings", [1, 2])
def test_two_settings_have_no_slope(settings: int) -> None:
    found = answered(grid(sloped(settings)))
    assert not found.of(Quantity.SENSITIVITY)
    assert found.of(Quantity.MEAN)


def test_collapsed_runs_do_not_affect_a_slope() -> None:
    """At the highest rate vanilla collapses. With these runs, vanilla would seem to lose 26 more points per
    doubling."""
    scores = normal(32, 5, 3, vanilla=0.5, a=0.5)
    found = answered(grid(scores, {"vanilla": [(4, 0), (4, 1), (4, 2)]}))
    claim = claimed(found, Quantity.SENSITIVITY, "a", Scope.SETTINGS)
    means = (scores["a"] - scores["vanilla"])[:4].mean(axis=(1, 2))
    assert claim.estimate == pytest.approx(np.polyfit(np.arange(4), means, 1)[0])
    assert (claim.settings, claim.verdict) == (4, Verdict.OPEN)
