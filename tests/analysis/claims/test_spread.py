"""Claims on standard deviations against all swaps made by hand, and their sentences."""

import math
from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from analysis.claims import sentences
from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict, judged
from analysis.statistics.spread.crossed_ratio import crossed_ratio
from analysis.statistics.spread.minimum_detectable import minimum_detectable_ratio
from analysis.statistics.spread.std_ratio import std_ratio
from analysis.statistics.spread.swap_test import swap_test
from tests.helpers.claim_rows import Places, answered, claimed, flat, grid, normal
from tests.helpers.report_rows import CHANCE, OTHER, Floats, pairs, std, swapped_p


def of_spread(rows: list[dict[str, object]], method: str = "a", scope: Scope = Scope.THESE) -> Claim:
    return claimed(answered(rows), Quantity.SPREAD, method, scope)


def geometric(ours: Floats, theirs: Floats) -> float:
    """The geometric mean over languages of the std ratio."""
    return math.exp(np.mean([math.log(std(one) / std(other)) for one, other in zip(ours.T, theirs.T, strict=True)]))


def test_claims_on_these_runs_use_all_swaps_of_median_centred_runs() -> None:
    scores = normal(1, 5, 2, vanilla=1.0, a=0.15, b=0.5, c=6.0)
    found = answered(grid(scores))
    vanilla = flat(scores["vanilla"])
    claims = {method: claimed(found, Quantity.SPREAD, method) for method in "abc"}
    p = {method: swapped_p(flat(scores[method]), vanilla) for method in claims}
    corrected = dict(zip(p, multipletests([*p.values()], method="holm")[1], strict=True))
    for method, claim in claims.items():
        assert claim.estimate == pytest.approx(geometric(flat(scores[method]), vanilla))
        assert (claim.p, claim.corrected) == pytest.approx((p[method], corrected[method]))
        shown = Verdict.LOWER if claim.estimate < 1 else Verdict.HIGHER
        assert claim.verdict is (shown if corrected[method] <= 0.05 else Verdict.OPEN)
        assert (claim.n, claim.settings, claim.runs, claim.tests) == (10, 5, Runs.ALL, 3)
    assert [claim.verdict for claim in claims.values()] == [Verdict.LOWER, Verdict.OPEN, Verdict.HIGHER]


def test_pairs_with_a_collapsed_run_are_left_out() -> None:
    scores = normal(2, 5, 2, vanilla=1.0, a=0.5)
    fallen: dict[str, Places] = {"vanilla": [(0, 0), (1, 1)], "a": [(0, 0), (4, 0)]}
    found = answered(grid(scores, fallen))
    kept = [2 * s + k for s, k in np.ndindex(5, 2) if (s, k) not in {(0, 0), (1, 1), (4, 0)}]
    ours, theirs = (flat(scores[method])[kept] for method in ("a", "vanilla"))
    claim = claimed(found, Quantity.SPREAD, "a")
    assert (claim.n, claim.runs) == (7, Runs.SURVIVING)
    assert (claim.estimate, claim.p) == pytest.approx((geometric(ours, theirs), swapped_p(ours, theirs)))
    text = sentences.spread(found, "a")
    assert text.startswith("Over the 7 pairs of runs in which neither collapsed, a has ")


@pytest.mark.parametrize(("runs", "where"), [(8, "vanilla"), (20, "vanilla"), (8, "a"), (20, "a")])
@pytest.mark.parametrize("seed", [11, 12])
def test_one_collapsed_run_is_no_finding(runs: int, where: str, seed: int) -> None:
    """The two methods have no other difference."""
    found = answered(grid(normal(seed, runs // 2, 2, vanilla=1, a=1), {where: [(1, 0)]}))
    assert [claim for claim in found.claims if claim.shown] == []
    assert claimed(found, Quantity.SPREAD, "a").n == runs - 1


@pytest.mark.parametrize(("collapsed", "compared"), [(3, True), (4, False), (8, False)])
def test_a_method_that_collapsed_in_half_its_runs_has_no_spread_claim(collapsed: int, compared: bool) -> None:
    fallen = [(s, k) for s in range(4) for k in range(2)][:collapsed]
    found = answered(grid(normal(3, 4, 2, vanilla=1, a=0.01), {"vanilla": fallen}))
    claims = found.of(Quantity.SPREAD)
    assert len(claims) == 3
    assert compared or all(claim.verdict is Verdict.UNTESTED and math.isnan(claim.estimate) for claim in claims)
    text = sentences.spread(found, "a")
    reason = "vanilla collapsed in half of the runs or more, so its other runs say nothing about its spread"
    assert (text == f"The spread of a is not compared: {reason}.") is not compared
    assert "steadier" not in text


def test_a_crossed_grid_uses_the_jackknife() -> None:
    scores = normal(4, 4, 3, vanilla=1.0, a=0.1)
    found = answered(grid(scores))
    ours, theirs = flat(scores["a"]), flat(scores["vanilla"])
    settings, seeds = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    crossed = crossed_ratio(ours, theirs, settings, seeds)
    for scope, scoped in ((Scope.SEEDS, crossed.seeds), (Scope.SETTINGS, crossed.settings)):
        claim = claimed(found, Quantity.SPREAD, "a", scope)
        assert claim.p == pytest.approx(scoped.p)
        assert (claim.low, claim.high) == pytest.approx((math.exp(scoped.low), math.exp(scoped.high)))
        assert claim.estimate == pytest.approx(geometric(ours, theirs))
        assert claim.verdict is (Verdict.LOWER if scoped.p <= 0.05 else Verdict.OPEN)


def test_settings_with_separate_seeds_are_swapped_whole() -> None:
    scores = normal(5, 7, 2, vanilla=1.0, a=0.2)
    found = answered(grid(scores, own_seeds=True))
    ours, theirs = flat(scores["a"]), flat(scores["vanilla"])
    here, seeds, settings = (claimed(found, Quantity.SPREAD, "a", scope) for scope in Scope)
    assert (seeds.p, seeds.low, seeds.high) == (here.p, here.low, here.high)
    places = np.repeat(np.arange(7), 2)
    whole = std_ratio(ours, theirs, places)
    assert (settings.p, settings.low, settings.high) == pytest.approx(
        (swap_test(ours, theirs, places).p, whole.low, whole.high)
    )
    assert settings.least_p == pytest.approx(2 / 2**7)


@pytest.mark.parametrize(
    ("settings", "seeds", "scope", "reason"),
    [
        (6, 1, Scope.SEEDS, "there is one seed"),
        (1, 6, Scope.SETTINGS, "there is one setting"),
        (4, 2, Scope.SETTINGS, "2 seeds"),
    ],
)
def test_a_scope_without_a_sample_has_a_reason(settings: int, seeds: int, scope: Scope, reason: str) -> None:
    claim = of_spread(grid(normal(6, settings, seeds, vanilla=1, a=1)), scope=scope)
    assert (claim.tested, claim.verdict) == (False, Verdict.UNTESTED)
    assert reason in claim.reason


def test_an_interval_within_the_bounds_gives_equivalence() -> None:
    """The method hardly changes the scores."""
    scores = normal(7, 4, 3, vanilla=2.0)
    scores["a"] = scores["vanilla"] + np.random.default_rng(8).normal(0, 0.01, scores["vanilla"].shape)
    found = answered(grid(scores))
    claim = claimed(found, Quantity.SPREAD, "a")
    assert (claim.verdict, claim.equivalent, claim.bounds) == (Verdict.EQUIVALENT, True, (0.8, 1.25))
    assert sentences.spread(found, "a").endswith("It is as steady in these runs, within a ratio of 0.80 to 1.25.")


def test_the_sentence_on_steadier_has_ratio_interval_and_p() -> None:
    ours, theirs = 60 + 0.3 * CHANCE[:8], 60 + 3 * OTHER[:8]
    found = answered(pairs(ours, theirs, name="a"))
    p, ratio = swapped_p(ours, theirs), std_ratio(ours, theirs)
    assert p <= 0.05
    assert sentences.spread(found, "a") == (
        f"Over 8 pairs of runs, a has {geometric(ours, theirs):.2f} times vanilla's standard deviation on average over "
        f"3 target languages (95 % interval {ratio.low:.2f} to {ratio.high:.2f}). It is steadier in these runs "
        f"(p = {p:.2g}). The same holds for other seeds at these settings (p = {p:.2g})."
    )
    less = answered(pairs(60 + 3 * OTHER[:8], 60 + 0.05 * CHANCE[:8], name="a"))
    assert "It is less steady in these runs (p = " in sentences.spread(less, "a")


def test_an_open_claim_has_its_detectable_ratio() -> None:
    ours, theirs = 60 + CHANCE[:9], 60 + OTHER[:9]
    found = answered(pairs(ours, theirs, name="a"))
    least = minimum_detectable_ratio(ours, theirs).ratio
    assert sentences.spread(found, "a").endswith(
        f"This neither shows nor rules out a difference (p = {swapped_p(ours, theirs):.2g}); a ratio of {least:.2f} "
        f"or {1 / least:.2f} would show a difference, with 80 % power."
    )


def test_five_runs_can_show_nothing() -> None:
    found = answered(pairs(60 + 0.001 * CHANCE[:5], 60 + 3 * OTHER[:5], name="a"))
    assert claimed(found, Quantity.SPREAD, "a").hopeless
    text = sentences.spread(found, "a")
    assert text.endswith("There are too few runs to show a difference: their smallest possible p is 0.062.")


def test_a_claim_is_hopeless_by_its_own_factor_of_holms_correction() -> None:
    """Of four claims, three are shown: the last has the factor 1, not 4."""
    claim = claimed(answered(pairs(60 + OTHER[:7], 60 + CHANCE[:7], name="a")), Quantity.SPREAD, "a")
    assert claim.least_p == pytest.approx(2**-6)
    shown = [replace(claim, method=name, p=1e-4, least_p=1e-4) for name in "bcd"]
    last = judged([*shown, replace(claim, p=0.3)])[-1]
    assert (last.corrected, last.least_corrected, last.hopeless) == (0.3, claim.least_p, False)
    alone = judged([replace(claim, method=name, p=0.3) for name in "abcd"])
    assert [(one.least_corrected, one.hopeless) for one in alone] == [(4 * claim.least_p, True)] * 4


def test_without_a_test_nothing_is_said_of_equivalence() -> None:
    found = answered(pairs(60 + CHANCE[:2], 60 + OTHER[:2], name="a"))
    claim = claimed(found, Quantity.SPREAD, "a")
    assert (claim.tested, claim.equivalent) == (False, None)


def test_scores_that_do_not_vary_cannot_be_compared() -> None:
    found = answered(pairs(np.full((8, 2), 50.0), 60 + OTHER[:8, :2], name="a"))
    claim = claimed(found, Quantity.SPREAD, "a")
    assert (claim.tested, claim.verdict) == (False, Verdict.UNTESTED)
    assert "all runs of a method have the same score" in sentences.spread(found, "a")
