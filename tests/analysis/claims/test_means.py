"""Claims on mean scores against errors by hand on a full grid."""

import math

import numpy as np
import pytest
from scipy.stats import t as student
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from analysis.claims import sentences
from analysis.claims.claim import Quantity, Runs, Scope, Verdict
from tests.helpers.claim_rows import Places, answered, claimed, flat, grid, normal
from tests.helpers.report_rows import CHANCE, OTHER, Floats, pairs

SETTINGS, SEEDS = 6, 4


def clipped(one: float, other: float, df_one: int, df_other: int, least: int) -> float:
    """Satterthwaite's degrees of freedom of the larger of two variances, from ``least`` to twice that."""
    df = max(one, other) ** 2 / (one**2 / df_one + other**2 / df_other)
    return float(np.clip(df, least, 2 * least))


def by_hand(differences: Floats) -> dict[Scope, tuple[float, float]]:
    """Standard error and degrees of freedom for other seeds and other settings, from differences (settings × seeds)."""
    settings, seeds = differences.shape
    of_settings = differences.mean(axis=1).var(ddof=1) / settings
    of_seeds = differences.mean(axis=0).var(ddof=1) / seeds
    within = differences - differences.mean(axis=1, keepdims=True)
    of_cells = (within**2).sum() / (settings * (seeds - 1)) / differences.size
    return {
        Scope.SEEDS: (
            math.sqrt(of_cells + of_seeds),
            clipped(of_cells, of_seeds, settings * (seeds - 1), seeds - 1, seeds - 1),
        ),
        Scope.SETTINGS: (
            math.sqrt(of_settings + of_seeds),
            clipped(of_settings, of_seeds, settings - 1, seeds - 1, min(settings, seeds) - 1),
        ),
    }


def shifted(**shifts: float) -> dict[str, Floats]:
    scores = normal(21, SETTINGS, SEEDS, vanilla=0.3, **dict.fromkeys(shifts, 0.3))
    return {method: found + shifts.get(method, 0) for method, found in scores.items()}


def test_errors_follow_the_design() -> None:
    scores = shifted(a=4.0, b=0.1, c=-5.0)
    found = answered(grid(scores))
    p: dict[Scope, list[float]] = {Scope.SEEDS: [], Scope.SETTINGS: []}
    for method in "abc":
        differences = (scores[method] - scores["vanilla"]).mean(axis=2)
        here = claimed(found, Quantity.MEAN, method)
        assert (here.verdict, here.estimate, here.n) == (Verdict.DESCRIBED, pytest.approx(differences.mean()), 24)
        for scope, (error, df) in by_hand(differences).items():
            claim = claimed(found, Quantity.MEAN, method, scope)
            half = student.ppf(0.975, df) * error
            assert (claim.low, claim.high) == pytest.approx((differences.mean() - half, differences.mean() + half))
            assert claim.p == pytest.approx(2 * student.sf(abs(differences.mean()) / error, df))
            narrow = student.ppf(0.95, df) * error
            assert claim.equivalent is bool(abs(differences.mean()) + narrow < 1)
            p[scope].append(claim.p)
    for scope, several in p.items():
        corrected = [claimed(found, Quantity.MEAN, method, scope).corrected for method in "abc"]
        assert corrected == pytest.approx(multipletests(several, method="holm")[1])
    assert [claimed(found, Quantity.MEAN, method, Scope.SETTINGS).verdict for method in "abc"] == [
        Verdict.HIGHER,
        Verdict.EQUIVALENT,
        Verdict.LOWER,
    ]


def test_sentences_are_about_other_settings_if_these_are_tested() -> None:
    found = answered(grid(shifted(a=4.0, b=0.1, c=-5.0)))
    claims = [claimed(found, Quantity.MEAN, method, Scope.SETTINGS) for method in "abc"]
    sizes = [
        f"Its mean zero-shot score differs by {claim.estimate:+.2f} points (95 % interval {claim.low:+.2f} to "
        f"{claim.high:+.2f})".replace("-", "−").replace("zero−shot", "zero-shot")
        for claim in claims
    ]
    p = [f"(p = {claim.corrected:.2g}, corrected for 3 methods)" for claim in claims]
    assert [sentences.mean(found, method) for method in "abc"] == [
        f"{sizes[0]}. It scores higher for other settings {p[0]}.",
        f"{sizes[1]}. It scores the same for other settings, within 1 point.",
        f"{sizes[2]}. It scores lower for other settings {p[2]}.",
    ]


def test_with_one_setting_mean_claims_are_about_other_seeds() -> None:
    ours, theirs = 62 + CHANCE[:8], 60 + OTHER[:8]
    found = answered(pairs(ours, theirs, name="a"))
    claim = claimed(found, Quantity.MEAN, "a", Scope.SEEDS)
    ends = DescrStatsW((ours - theirs).mean(axis=1)).tconfint_mean()
    assert (claim.low, claim.high) == pytest.approx(ends)
    other = claimed(found, Quantity.MEAN, "a", Scope.SETTINGS)
    assert (other.tested, other.reason) == (False, "there is one setting")
    told = sentences.mean(found, "a")
    assert ". It scores higher for other seeds at these settings (p = " in told
    assert told.endswith("). These runs say nothing about other settings: there is one setting.")


def test_a_constant_difference_is_no_finding() -> None:
    """For Student's t such differences have no standard error."""
    found = answered(pairs(np.array([[61.0], [66.0]]), np.array([[60.0], [65.0]]), name="a"))
    assert not any(claim.shown for claim in found.claims)
    assert sentences.mean(found, "a") == (
        "Its mean zero-shot score differs by +1.00 points in these runs. They say nothing about other runs: all seeds "
        "of a setting have the same difference."
    )


def test_pairs_with_a_collapsed_run_are_left_out_and_the_full_difference_is_shown() -> None:
    scores = shifted(a=0.5)
    fallen: dict[str, Places] = {"vanilla": [(0, 0)], "a": [(3, 1), (3, 2)]}
    found = answered(grid(scores, fallen))
    kept = np.ones((SETTINGS, SEEDS), bool)
    whole = {method: of.copy() for method, of in scores.items()}
    for method, places in fallen.items():
        for place in places:
            kept[place] = False
            whole[method][place] = 33
    differences = (scores["a"] - scores["vanilla"]).mean(axis=2)[kept]
    claim = claimed(found, Quantity.MEAN, "a")
    assert (claim.n, claim.runs) == (21, Runs.SURVIVING)
    assert claim.estimate == pytest.approx(differences.mean())
    assert claim.details["over all runs"] == pytest.approx((flat(whole["a"]) - flat(whole["vanilla"])).mean())
